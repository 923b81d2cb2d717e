"""Whether what was served is what would be computed offline: the answers, and what led to them."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ...contract import Contract
from ...data.dataset import Dataset, current
from ...data.split import SPLITS
from ...errors import DataError
from ...models.bundle import TOLERANCE
from ...models.inputs import Inputs
from ...models.ranking import Integers
from ...models.tables import from_table
from ..check import Check, Kind
from ..facts import share
from ..finding import Finding
from ..seen import Seen
from ..served import Keys, Served


def judge(seen: Seen) -> list[Finding]:
    """Answers again some of the logged rows, and looks some up in the newest dataset by their id."""
    served = _sample(seen.window.rows, seen.config.parity.sample_rows)
    if not len(served):
        return []
    return [_answers(seen, served), *_columns(seen, served)]


def _sample(served: Served, most: int) -> Served:
    """So many rows at most, spread over the window."""
    n = len(served)
    return served if n <= most else served[np.arange(most) * n // most]


def _answers(seen: Seen, served: Served) -> Finding:
    """The share of rows whose logged answer is beyond ``1e-5·(scale + |b|)``; there should be none."""
    logged = served.outputs.astype(np.float64)
    again = seen.bundle.predict(served.inputs).astype(np.float64)
    tolerated = TOLERANCE * (seen.bundle.task.scale(logged) + np.abs(logged))
    apart = ~(np.abs(again - logged) <= tolerated)
    differing = int((apart if apart.ndim == 1 else apart.any(1)).sum())
    n = len(served)
    told = f"{differing:,} of {n:,} logged rows are answered otherwise offline"
    return Finding(
        kind="parity",
        subject="answers",
        measure="differing_share",
        value=differing / n,
        limit=0.0,
        rows=n,
        breach=differing > 0,
        gross=told if differing else "",
    )


def _columns(seen: Seen, served: Served) -> Iterator[Finding]:
    """The share of rows in which a column was sent otherwise than the dataset has it."""
    contract, limit = seen.contract, seen.config.parity.threshold
    found = _looked_up(contract, served, seen.datasets)
    if found is None:
        return
    sent, joined = found
    n = len(sent)
    for name, differing in differences(contract, sent, joined).items():
        value, low, high = share(differing, n)
        yield Finding(
            kind="parity",
            subject=name,
            measure="differing_share",
            value=value,
            low=low,
            high=high,
            limit=limit,
            rows=n,
            breach=low > limit,
        )


def differences(contract: Contract, sent: Inputs, joined: Inputs) -> dict[str, int]:
    """In how many rows each feature differs; missing on both sides is the same."""
    a, b = sent.numeric.astype(np.float64), joined.numeric.astype(np.float64)
    alike = (np.isnan(a) & np.isnan(b)) | (np.abs(a - b) <= TOLERANCE * (1 + np.abs(b)))
    groups: tuple[tuple[tuple[str, ...], npt.NDArray[np.bool_]], ...] = (
        (contract.numeric, ~alike),
        (contract.category, np.asarray(sent.category != joined.category, bool)),
        (contract.times, sent.time != joined.time),
    )
    counted = {
        name: int(differs[:, index].sum())
        for names, differs in groups
        for index, name in enumerate(names)
    }
    return {name: counted[name] for name in contract.features}


def _looked_up(
    contract: Contract, served: Served, folder: Path | None
) -> tuple[Inputs, Inputs] | None:
    """The rows that the newest dataset has as well: as they were sent, and as it has them."""
    if contract.id is None or folder is None or served.keys is None:
        return None
    try:
        dataset = current(folder)
        table = _rows(dataset, contract.id, contract.features, served.keys)
        joined = from_table(contract, table)
    except DataError:
        return None  # there is none, or one of another contract
    places = {str(key): place for place, key in enumerate(served.keys.tolist())}
    ids = [str(key) for key in table[contract.id].to_pylist()]
    rows: Integers = np.array([places[key] for key in ids], np.int64)
    return (served.inputs[rows], joined) if len(rows) else None


def _rows(dataset: Dataset, column: str, features: Sequence[str], keys: Keys) -> pa.Table:
    """The dataset's rows whose id, in a column, is one of the keys, read a group at a time."""
    parts, names = [], [column, *features]
    wanted = pa.array([str(key) for key in keys.tolist()])
    for split in SPLITS:
        path = dataset.path / f"{split}.parquet"
        if not path.is_file():
            raise DataError(f"the dataset '{dataset.path}' has no {path.name}; make it: make data")
        file = pq.ParquetFile(path)
        if not set(names) <= set(file.schema_arrow.names):
            raise DataError(f"the dataset '{dataset.path}' has not all columns of the contract")
        for group in range(file.num_row_groups):
            ids = file.read_row_group(group, columns=[column])[column]
            there = pc.is_in(ids.cast(pa.string()), value_set=wanted)
            if pc.any(there).as_py():
                parts.append(file.read_row_group(group, columns=names).filter(there))
    if not parts:
        raise DataError(f"the dataset '{dataset.path}' has none of the rows")
    return pa.concat_tables(parts)


CHECK = Check(
    kinds=[
        Kind(
            name="parity",
            lead="{subject} differs from the offline path",
            title="Parity",
            note="Logged requests asked again offline: the share whose answer or columns differ."
            " Ordinarily none.",
        )
    ],
    judge=judge,
)
