"""What a server of the shop would have logged, written without one."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from {{ cookiecutter.__package }}.config import Config
from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.models.arrow import from_table
from {{ cookiecutter.__package }}.models.bundle import open_bundle
from {{ cookiecutter.__package }}.values import json_value

from ..serving.live import add_version
from ..synthesized import synthesize

WEEKS = 4


@dataclass(frozen=True)
class Place:
    """A folder with a served model and a log."""

    folder: Path
    contract: Contract
    config: Config


def make_place(folder: Path, contract: Contract, **monitor: Any) -> Place:
    """Serve a small model, profiled on the synthesised rows of twelve weeks."""
    config = Config.model_validate(
        {
            "data": {
                "directory": folder / "data",
                "driving": "orders",
                "split": {"validation_from": "2024-03-01", "test_from": "2024-04-01"},
            },
            "train": {"bundles": folder / "bundles", "tracker": "none"},
            "serve": {"bundles": folder / "bundles", "log": folder / "live", "port": 0},
            "monitor": {
                "log": folder / "live",
                "history": folder / "monitoring.sqlite",
                "reports": folder / "reports",
                "min_rows": 100,
                "calibration": {"enabled": False},  # what the small model promises means nothing
                "estimated_quality": {"enabled": False},  # part: estimated
                **monitor,
            },
        }
    )
    add_version(config.train.bundles, contract, table=synthesize(contract, 6_000, days=84))
    return Place(folder=folder, contract=contract, config=config)


def write_log(place: Place, table: pa.Table, *, right: bool = True) -> None:
    """Log a table as answered by the served version, with outcomes that it got right or wrong."""
    versions = place.config.train.bundles / place.contract.name
    (path,) = (p for p in versions.iterdir() if (p / "model.onnx").exists())
    bundle, contract = open_bundle(path), place.contract
    outputs = bundle.predict(from_table(contract, table))
    outcomes = outcomes_of(contract, outputs, right=right)
    predictions, labels = [], []
    triples = zip(table.to_pylist(), outputs.tolist(), outcomes, strict=True)
    for number, (row, output, outcome) in enumerate(triples):
        at = json_value(row["at"])
        shared = {"request_id": f"r-{number}", "time": at}
        columns = {name: json_value(row[name]) for name in contract.request}
        answered = {"model": contract.name, "version": 1, "rows": [columns]}
        predictions.append({**shared, **answered, bundle.task.output: [output]})
        key = {} if contract.id is None else {"id": row[contract.id]}
        labels.append({**shared, **key, "label": outcome})
    place.config.monitor.log.mkdir(parents=True, exist_ok=True)
    for stem, records in (("predictions", predictions), ("labels", labels)):
        lines = "".join(json.dumps(record) + "\n" for record in records)
        (place.config.monitor.log / f"{stem}-2024-01-01-1.jsonl").write_text(lines)


def outcomes_of(contract: Contract, outputs: npt.NDArray[Any], *, right: bool) -> list[Any]:
    """What came true: as answered, or the opposite for six rows of seven."""
    agree = [right or number % 7 == 0 for number in range(len(outputs))]
    if contract.task == "multiclass":
        names = contract.labels or ()
        ranks = np.argsort(np.argsort(outputs[:, -1])) * len(names) // len(outputs)
        return [names[rank if same else -1 - rank] for rank, same in zip(ranks, agree, strict=True)]
    if contract.task == "regression":
        mean = float(outputs.mean())
        pairs = zip(outputs.tolist(), agree, strict=True)
        return [value if same else 2 * mean - value for value, same in pairs]
    median = sorted(outputs.tolist())[len(outputs) // 2]
    pairs = zip(outputs.tolist(), agree, strict=True)
    return [(value > median) == same for value, same in pairs]


def weeks_of(contract: Contract, *, dearer_from: int = WEEKS) -> pa.Table:
    """Four weeks of calm traffic; from one of them on prices lie in the upper half."""
    table = synthesize(contract, 1_600, seed=5, days=7 * WEEKS)
    day = pc.day_of_year(table["at"])
    price = table["price"]
    dear = pc.add(pc.divide(price, 2.0), 500.0)
    changed = pc.if_else(pc.greater(day, 7 * dearer_from), dear, price)
    return table.set_column(table.column_names.index("price"), "price", changed)
