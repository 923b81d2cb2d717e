"""What settings leave open, and how epochs are judged."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from {{ cookiecutter.__package }}.config import TrainConfig
from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.data.synthesize import synthesize
from {{ cookiecutter.__package }}.models import bundle, program
from {{ cookiecutter.__package }}.models.arrow import from_table
from {{ cookiecutter.__package }}.models.tasks import task_of
from {{ cookiecutter.__package }}.training import fitting
from {{ cookiecutter.__package }}.training.fitting import (
    LARGEST_BATCH,
    SMALLEST_BATCH,
    schedule_of,
    seed_everything,
    show_epochs,
    torch_outputs,
    train_program,
)
from {{ cookiecutter.__package }}.training.loop import Epoch, FitResult
from {{ cookiecutter.__package }}.training.rows import Rows

from ..models.conftest import exported_of
from ..models.test_graph import by_torch
from .conftest import load_settings

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
    assert 3 <= made.patience <= max(made.epochs // 5, 3)


def test_patience_follows_the_epochs_that_are_set() -> None:
    assert schedule_of(TrainConfig(epochs=50), 1_000_000).patience == 10
    assert schedule_of(TrainConfig(epochs=1), 1_000_000).patience == 3


def test_the_program_answers_alike_in_parts_and_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(program, "features", lambda _: {})
    made = exported_of("multiclass")
    monkeypatch.setattr(fitting, "BATCH_ROWS", 150)
    assert bundle.BATCH_ROWS > 400
    found = torch_outputs(made.program, made.inputs)
    assert found == pytest.approx(by_torch(made.program, made.inputs), abs=1e-6)


def test_the_seed_decides_every_draw() -> None:
    def drawn(seed: int) -> tuple[float, float]:
        seed_everything(TrainConfig(seed=seed, threads=1))
        return float(torch.rand(1)), float(np.random.random())

    assert drawn(3) == drawn(3) != drawn(4)


@pytest.fixture
def rows_of(any_shop: Contract) -> Any:
    """Rows of a task, of which some may be kept."""

    def made(n_rows: int, seed: int, *, one_label: bool = False) -> Rows:
        table = synthesize(any_shop, n_rows, seed=seed)
        labels = task_of(any_shop).encode(table["returned"].to_pylist())
        kept = np.flatnonzero(labels == labels[0]) if one_label else np.arange(n_rows)
        table = table.take(kept)
        return Rows(table=table, inputs=from_table(any_shop, table), labels=labels[kept])

    return made


def test_validation_rows_of_one_label_are_judged_by_their_loss(
    any_shop: Contract, rows_of: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(program, "features", lambda _: {})
    settings = load_settings(tmp_path, epochs=2, model={"hidden": [8]}).train
    validation = rows_of(60, 1, one_label=True)
    _, result, prepared = train_program(any_shop, settings, rows_of(400, 0), validation)
    assert len(prepared) == 400
    assert len(result.epochs) == 2
    assert all(np.isfinite(epoch.validation_score) for epoch in result.epochs)
    assert all(np.isfinite(epoch.validation_loss) for epoch in result.epochs)
    assert result.best == max(result.epochs, key=lambda epoch: epoch.validation_score)


def test_of_many_epochs_some_are_shown_with_the_best_and_the_last(
    capsys: pytest.CaptureFixture[str],
) -> None:
    epochs = tuple(
        Epoch(
            number=number,
            train_loss=1 / number,
            validation_loss=1 / number,
            validation_score=0.5,
            best=number == 77,
        )
        for number in range(1, 101)
    )
    show_epochs(FitResult(epochs=epochs, best=epochs[76]), "epochs on cpu", "AUC")
    lines = capsys.readouterr().out.splitlines()
    shown = [
        int(line.split()[0]) for line in lines if line.split()[:1] and line.split()[0].isdigit()
    ]
    assert {1, 77, 99} <= set(shown)
    assert len(shown) <= 15
    assert "best" in next(line for line in lines if line.split()[:1] == ["77"])
