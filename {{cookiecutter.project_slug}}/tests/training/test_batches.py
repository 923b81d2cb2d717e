"""Every row once an epoch, from memory and from a file alike."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch

from {{ cookiecutter.__package }}.models.preprocess import Prepared
from {{ cookiecutter.__package }}.training import batches
from {{ cookiecutter.__package }}.training.batches import (
    Batches,
    InMemory,
    Labelled,
    Streamed,
)

from .networks.lines import TRAIN, seeded, state, train

N_ROWS, GROUP = 2_000, 170


def decode(batch: pa.RecordBatch) -> Labelled:
    *columns, labels = (torch.tensor(batch[n].to_pylist()) for n in ("a", "b", "c", "label"))
    codes = torch.zeros(len(labels), 0, dtype=torch.int64)
    rows = Prepared(numbers=torch.stack(columns, 1), codes=codes)
    return Labelled(rows=rows, labels=labels, weights=labels + 1)


def streamed(path: Path, rows: Labelled, *, seed: int = 0, buffer_rows: int = 500) -> Streamed:
    columns = dict(zip("abc", rows.rows.numbers.numpy().T, strict=True))
    table = pa.table({**columns, "label": rows.labels.numpy(), "unread": ["x"] * len(rows)})
    pq.write_table(table, path, row_group_size=GROUP)
    return Streamed(
        path=path,
        columns=["a", "b", "c", "label"],
        decode=decode,
        buffer_rows=buffer_rows,
        seed=seed,
    )


def numbered(n: int = N_ROWS) -> Labelled:
    """Rows whose label is their place."""
    place = torch.arange(n).float()
    codes = torch.zeros(n, 0, dtype=torch.int64)
    rows = Prepared(numbers=place[:, None].repeat(1, 3), codes=codes)
    return Labelled(rows=rows, labels=place, weights=place + 1)


@pytest.fixture(params=["memory", "short buffer", "buffer", "long buffer"])
def given(request: pytest.FixtureRequest, tmp_path: Path) -> Batches:
    if request.param == "memory":
        return InMemory(rows=numbered())
    size = {"short buffer": 1, "buffer": 500, "long buffer": 10_000}[request.param]
    return streamed(tmp_path / "rows.parquet", numbered(), buffer_rows=size)


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "BLOCK_ROWS", 100)


def places(given: Batches, epoch: int, batch_size: int = 32) -> list[float]:
    blocks = list(given.blocks(epoch, batch_size))
    assert all(len(block) % batch_size == 0 for block in blocks[:-1])
    assert all(torch.equal(block.rows.numbers[:, 0], block.labels) for block in blocks)
    assert all(torch.equal(block.weights, block.labels + 1) for block in blocks)  # type: ignore[arg-type]
    return [place for block in blocks for place in block.labels.tolist()]


@pytest.mark.parametrize("batch_size", [1, 32, 700, 5_000])
def test_each_row_comes_once_an_epoch(given: Batches, batch_size: int) -> None:
    assert len(given) == N_ROWS
    assert sorted(places(given, 1, batch_size)) == list(range(N_ROWS))


def test_an_epochs_order_is_its_own_and_the_same_again(given: Batches) -> None:
    assert places(given, 1) == places(given, 1) != places(given, 2)


def test_another_seed_gives_another_order(tmp_path: Path) -> None:
    one, other = (streamed(tmp_path / f"{n}", numbered(), seed=n) for n in (1, 2))
    assert places(one, 1) != places(other, 1)
    memory = [InMemory(rows=numbered(), seed=seed) for seed in (1, 2)]
    assert places(memory[0], 1) != places(memory[1], 1)


def test_rows_of_a_buffer_come_from_all_over_the_file(given: Batches) -> None:
    order = np.array(places(given, 1))
    starts = order[: GROUP * 3 // 2]
    assert len(np.unique(starts // GROUP)) >= 2
    assert np.abs(np.corrcoef(order[:-1], order[1:])[0, 1]) < 0.9


def test_what_is_streamed_teaches_as_much_as_what_is_in_memory(tmp_path: Path) -> None:
    def learned(given: Batches) -> float:
        return train(seeded(), train=given, epochs=10).best.validation_loss

    plain = Labelled(rows=TRAIN.rows, labels=TRAIN.labels, weights=TRAIN.labels + 1)
    file = streamed(tmp_path / "rows.parquet", TRAIN, buffer_rows=150)
    assert learned(file) == pytest.approx(learned(InMemory(rows=plain)), rel=0.1)


def test_a_streamed_training_repeats(tmp_path: Path) -> None:
    bodies = [seeded(dropout=0.2) for _ in range(2)]
    for body in bodies:
        train(body, train=streamed(tmp_path / "rows.parquet", TRAIN, buffer_rows=150))
    assert state(bodies[0]) == state(bodies[1])


def test_reading_ends_with_a_loop_that_is_left(tmp_path: Path) -> None:
    blocks = streamed(tmp_path / "rows.parquet", numbered()).blocks(1, 32)
    assert len(next(blocks)) == 96
    blocks.close()  # type: ignore[attr-defined]
    (tmp_path / "rows.parquet").unlink()
