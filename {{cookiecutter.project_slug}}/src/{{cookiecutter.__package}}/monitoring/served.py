"""What the server logged, read back as columns."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import date
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ..contract import Contract
from ..errors import DataError
from ..log.live import read_blocks
from ..log.segments import LABELS, PREDICTIONS
from ..models.inputs import Inputs
from ..models.tables import from_table
from ..models.tasks import task_of
from .records import labels_of, predictions_of

Hashes = npt.NDArray[np.uint64]
Integers = npt.NDArray[np.int64]
Keys = npt.NDArray[Any]
"""Of numpy's text, which takes a third of the memory of Python's."""
BLOCK_ROWS = 1 << 14


@dataclass(frozen=True, kw_only=True)
class Served:
    """Logged predictions, in the order of their time."""

    inputs: Inputs
    outputs: npt.NDArray[np.float64]
    """As the task gives them, ``[rows]`` or ``[rows, classes]``."""
    seconds: Integers
    """When each row happened: the contract's time, else when it was answered; UTC seconds."""
    labels: npt.NDArray[np.float64]
    """As the task encodes them where the outcome is known, NaN where it is not yet."""
    answered: Integers | None = None
    """When each row was answered, UTC seconds."""
    keys: Keys | None = None
    """What each row is known by: its id, or the request and its place in it."""

    def __len__(self) -> int:
        return len(self.outputs)

    def __getitem__(self, rows: npt.NDArray[Any]) -> "Served":
        return Served(
            inputs=self.inputs[rows],
            outputs=self.outputs[rows],
            seconds=self.seconds[rows],
            labels=self.labels[rows],
            answered=None if self.answered is None else self.answered[rows],
            keys=None if self.keys is None else self.keys[rows],
        )


@dataclass(frozen=True, kw_only=True)
class Answers:
    """Rows as they were answered, without their outcomes."""

    inputs: Inputs
    outputs: npt.NDArray[np.float64]
    seconds: Integers
    answered: Integers
    """Microseconds since 1970."""
    keys: Keys
    """What a row is known by: its id, else its place in its request."""
    hashes: Hashes
    """A number for that."""

    def __len__(self) -> int:
        return len(self.outputs)

    def __getitem__(self, rows: npt.NDArray[Any]) -> "Answers":
        return Answers(**{f.name: getattr(self, f.name)[rows] for f in fields(self)})


@dataclass(frozen=True, kw_only=True)
class Outcomes:
    """What became of rows; each once, in the order of the hashes of what they are known by."""

    hashes: Hashes
    answered: Integers
    labels: npt.NDArray[np.float64]

    def of(self, hashes: Hashes) -> npt.NDArray[np.float64]:
        """The outcome of each row; NaN where none is known."""
        if not len(self.hashes):
            return np.full(len(hashes), np.nan)
        at = np.minimum(np.searchsorted(self.hashes, hashes), len(self.hashes) - 1)
        return np.where(self.hashes[at] == hashes, self.labels[at], np.nan)


def nothing(folder: Path, contract: Contract, version: int) -> DataError:
    """That a version has answered nothing."""
    return DataError(
        f"'{folder}' holds no predictions by {contract.name} version {version};"
        " serve it and send requests, or try it with: make replay"
    )


def read_answers(
    folder: Path, contract: Contract, version: int, day: date, *, shadow: bool = False
) -> Iterator[Answers]:
    """What was answered on a day, in pieces, a row as often as it was; see ``predictions_of``."""
    for block in read_blocks(folder, PREDICTIONS, day):
        for columns, shared in predictions_of(block, contract, version, shadow=shadow):
            inputs = from_table(contract, columns)
            answered = shared["time"].cast(pa.int64()).to_numpy()
            if contract.time is None:
                seconds = answered // 1_000_000
            else:
                seconds = inputs.time[:, contract.times.index(contract.time)]
            keys = _keys(
                None if contract.id is None else columns[contract.id],
                shared["request_id"],
                shared["row"],
            )
            yield Answers(
                inputs=inputs,
                outputs=_outputs(shared["output"]),
                seconds=seconds,
                answered=answered,
                keys=keys,
                hashes=_hashes(keys),
            )


def read_outcomes(folder: Path, contract: Contract, day: date) -> Outcomes:
    """The outcomes told on a day."""
    task, found = task_of(contract), []
    for block in read_blocks(folder, LABELS, day):
        table = labels_of(block, contract)
        id_ = None if contract.id is None else table["id"]
        rows = table["row"].fill_null(0)
        found.append(
            Outcomes(
                hashes=_hashes(_keys(id_, table["request_id"], rows)),
                answered=table["time"].cast(pa.int64()).to_numpy(),
                labels=task.encode(table["label"].to_pylist()),
            )
        )
    return latest(found)


def latest(parts: Sequence[Outcomes]) -> Outcomes:
    """Of several outcomes for a row the one told last."""
    hashes = np.concatenate([np.zeros(0, np.uint64), *(part.hashes for part in parts)])
    answered = np.concatenate([np.zeros(0, np.int64), *(part.answered for part in parts)])
    labels = np.concatenate([np.zeros(0), *(part.labels for part in parts)])
    kept = _last(hashes, answered)
    return Outcomes(hashes=hashes[kept], answered=answered[kept], labels=labels[kept])


def joined(parts: list[Answers]) -> Answers:
    """The rows of all parts in the order of their time, each once, as it was answered last.

    Takes the parts out of the list one by one, so that memory holds them about once.
    """
    keys, hashes, answered, seconds = (
        np.concatenate([getattr(part, name) for part in parts])
        for name in ("keys", "hashes", "answered", "seconds")
    )
    kept = _last(hashes, answered)
    kept = kept[np.lexsort((kept, answered[kept], seconds[kept]))]
    place = np.full(len(keys), -1)
    place[kept] = np.arange(len(kept))
    first, n_rows = parts[0].inputs, len(kept)
    inputs = Inputs(
        numeric=np.empty((n_rows, first.numeric.shape[1]), np.float32),
        category=np.empty((n_rows, first.category.shape[1]), object),
        time=np.empty((n_rows, first.time.shape[1]), np.int64),
    )
    outputs = np.empty((n_rows, *parts[0].outputs.shape[1:]))
    start = 0
    parts.reverse()
    while parts:
        part = parts.pop()
        for at in range(0, len(part), BLOCK_ROWS):
            into = place[start + at : start + min(at + BLOCK_ROWS, len(part))]
            rows, into = at + np.flatnonzero(into >= 0), into[into >= 0]
            inputs.numeric[into] = part.inputs.numeric[rows]
            inputs.category[into] = part.inputs.category[rows]
            inputs.time[into] = part.inputs.time[rows]
            outputs[into] = part.outputs[rows]
        start += len(part)
    return Answers(
        inputs=inputs,
        outputs=outputs,
        seconds=seconds[kept],
        answered=answered[kept],
        keys=keys[kept],
        hashes=hashes[kept],
    )


def with_outcomes(answers: Answers, outcomes: Outcomes) -> Served:
    """Rows beside what became of them."""
    return Served(
        inputs=answers.inputs,
        outputs=answers.outputs,
        seconds=answers.seconds,
        labels=outcomes.of(answers.hashes),
        answered=answers.answered // 1_000_000,
        keys=answers.keys,
    )


def fingerprint(answers: Answers, labels: npt.NDArray[np.float64]) -> str:
    """Equal for equal rows with equal outcomes."""
    found = blake2b(digest_size=16)
    for array in (answers.hashes, answers.answered, answers.seconds, answers.outputs, labels):
        found.update(np.ascontiguousarray(array).data)
    return found.hexdigest()


def _last(hashes: Hashes, answered: Integers) -> Integers:
    """Where each key was answered last, in the order of the keys."""
    order = np.lexsort((np.arange(len(hashes)), answered, hashes))
    newest = np.append(hashes[order][1:] != hashes[order][:-1], True)[: len(hashes)]
    last: Integers = order[newest]
    return last


def _outputs(answers: pa.ChunkedArray) -> npt.NDArray[np.float64]:
    array = answers.combine_chunks()
    if not pa.types.is_list(array.type):
        return np.asarray(array.to_numpy(zero_copy_only=False))
    return np.asarray(array.flatten().to_numpy(zero_copy_only=False)).reshape(len(array), -1)


def _keys(ids: pa.ChunkedArray | None, requests: pa.ChunkedArray, rows: pa.ChunkedArray) -> Keys:
    known: Iterable[Any] = [None] * len(requests) if ids is None else ids.to_pylist()
    places = zip(known, requests.to_pylist(), rows.to_pylist(), strict=True)
    texts = (f"{request}\n{row}" if one is None else str(one) for one, request, row in places)
    return np.array(list(texts), np.dtypes.StringDType())


def _hashes(keys: Keys) -> Hashes:
    """Eight bytes each: of a million rows two have the same one in 27 million logs."""
    digests = (blake2b(key.encode(), digest_size=8).digest() for key in keys.tolist())
    return np.frombuffer(b"".join(digests), np.uint64)
