"""What settings leave open, and how epochs are judged."""

import numpy as np
import pytest
import torch

from {{ cookiecutter.__package }}.config import ModelConfig, TrainConfig
from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.models import preprocess, program
from {{ cookiecutter.__package }}.training.fitting import (
    make_lesson,
    seed_everything,
)
from {{ cookiecutter.__package }}.training.kinds import learn
from {{ cookiecutter.__package }}.training.kinds.network import (
    LARGEST_BATCH,
    SMALLEST_BATCH,
    schedule_of,
)
from {{ cookiecutter.__package }}.training.rows import Rows

from ..models.conftest import exported_of
from ..models.test_graph import by_torch
from .kinds.conftest import rows_of

N_ROWS = [1, 10, 150, 1_000, 6_000, 30_000, 232_000, 10_000_000]


def test_what_is_set_is_taken_whatever_the_number_of_rows() -> None:
    settings = TrainConfig(
        epochs=7, patience=2, batch_size=50, learning_rate=0.5, weight_decay=0.25
    )
    for n_rows in N_ROWS:
        made = schedule_of(settings, n_rows)
        assert (made.epochs, made.patience, made.batch_size) == (7, 2, 50)
        assert (made.learning_rate, made.weight_decay) == (0.5, 0.25)


def test_few_rows_are_seen_often_and_in_small_batches() -> None:
    made = [schedule_of(TrainConfig(), n_rows) for n_rows in N_ROWS]
    epochs, sizes = [one.epochs for one in made], [one.batch_size for one in made]
    assert epochs == sorted(epochs, reverse=True)
    assert (epochs[0], epochs[-1]) == (200, 5)
    assert sizes == sorted(sizes)
    assert (sizes[0], sizes[-1]) == (SMALLEST_BATCH, LARGEST_BATCH)
    assert all(size & (size - 1) == 0 for size in sizes)


@pytest.mark.parametrize("n_rows", N_ROWS)
def test_every_schedule_has_steps_enough_and_patience(n_rows: int) -> None:
    made = schedule_of(TrainConfig(), n_rows)
    steps = -(-n_rows // made.batch_size)
    assert steps >= min(16, n_rows / SMALLEST_BATCH)
    assert 3 <= made.patience <= max(made.epochs // 8, 3)


def test_patience_follows_the_epochs_that_are_set() -> None:
    assert schedule_of(TrainConfig(epochs=80), 1_000_000).patience == 10
    assert schedule_of(TrainConfig(epochs=1), 1_000_000).patience == 3


def test_the_program_answers_alike_in_parts_and_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preprocess, "features", lambda _: {})
    made = exported_of("multiclass")
    expected = by_torch(made.program, made.inputs)
    monkeypatch.setattr(program, "BATCH_ROWS", 150)
    assert made.program.predict(made.inputs) == pytest.approx(expected, abs=1e-6)


def test_the_seed_decides_every_draw() -> None:
    def drawn(seed: int) -> tuple[float, float]:
        seed_everything(TrainConfig(seed=seed, threads=1))
        return float(torch.rand(1)), float(np.random.random())

    assert drawn(3) == drawn(3) != drawn(4)


def test_validation_rows_of_one_label_are_judged_by_their_loss(
    any_shop: Contract, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preprocess, "features", lambda _: {})
    rows = rows_of(any_shop, 60, seed=1)
    alike = rows[np.flatnonzero(rows.labels == rows.labels[0])]
    lesson = make_lesson(any_shop, TrainConfig(epochs=2), rows_of(any_shop, 400), alike)
    curves = learn(lesson, ModelConfig.model_validate({"kind": "mlp", "hidden": [8]})).curves
    assert len(curves["validation_score"]) == 2
    assert np.isfinite([list(curve) for curve in curves.values()]).all()


def test_rows_are_taken_and_put_together(shop: Contract) -> None:
    rows = rows_of(shop, 20)
    again = Rows.concatenate(rows[np.arange(5)], rows[np.arange(5, 20)])
    assert again.table.equals(rows.table.combine_chunks()) or again.table == rows.table
    assert np.array_equal(again.inputs.time, rows.inputs.time)
    assert np.array_equal(again.labels, rows.labels)
    assert len(again) == 20
