"""Training sets of each task over the small contract, for each kind of model."""

from collections.abc import Callable

import numpy as np
import pytest

from {{ cookiecutter.__package }}.config import TrainConfig
from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.models import preprocess
from {{ cookiecutter.__package }}.models.tables import from_table
from {{ cookiecutter.__package }}.models.tasks import task_of
from {{ cookiecutter.__package }}.training.kinds import TrainingSet
from {{ cookiecutter.__package }}.training.race import make_training_set
from {{ cookiecutter.__package }}.training.rows import Rows

from ...synthesized import synthesize

MakeSet = Callable[..., TrainingSet]
SETTINGS = TrainConfig(epochs=3, batch_size=64, learning_rate=0.005, threads=1)


@pytest.fixture(autouse=True)
def _no_features(monkeypatch: pytest.MonkeyPatch) -> None:
    """The owner's features know the project's contract, not the small one."""
    monkeypatch.setattr(preprocess, "features", lambda _: {})


@pytest.fixture(scope="session")
def make_set() -> MakeSet:
    """A training set of a contract's synthesised rows."""

    def made(
        contract: Contract,
        settings: TrainConfig = SETTINGS,
        n_rows: int = 1_200,
        rounds: int | None = None,
    ) -> TrainingSet:
        train = rows_of(contract, n_rows)
        held_out = None if rounds else rows_of(contract, 400, seed=1)
        return make_training_set(contract, settings, train, held_out, rounds)

    return made


def rows_of(contract: Contract, n_rows: int, seed: int = 0) -> Rows:
    table = synthesize(contract, n_rows, seed=seed)
    labels = task_of(contract).encode(table.column(contract.target).to_pylist())
    return Rows(table=table, inputs=from_table(contract, table), labels=np.asarray(labels))
