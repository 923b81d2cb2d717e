"""Real trainings on rows made from the contract; the test rows are poisoned throughout."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import optuna
import pytest
import yaml

from {{ cookiecutter.__package }}.config import Config, load
from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.errors import (
    ConfigError,
    DataError,
    DivergedError,
)
from {{ cookiecutter.__package }}.training import job as training
from {{ cookiecutter.__package }}.training.kinds import NAMES
from {{ cookiecutter.__package }}.training.tuning import job
from {{ cookiecutter.__package }}.training.tuning.space import (
    SEARCH,
    applied,
    decoded,
    kinds_of,
    of_kind,
    study_name,
)

from ...conftest import PACKAGE, Workspace, make_workspace


@pytest.fixture
def place(tmp_path: Path, contract: Contract) -> Workspace:
    """A dataset whose test rows nobody can read, and settings of a search that takes seconds."""
    made = make_workspace(tmp_path / "own", contract, train=False)
    (test,) = (made.path / "data").glob("datasets/*/test.parquet")
    test.write_bytes(b"poison")
    settings = {"trials": 3, "kinds": ["linear"], "folder": str(made.path / "tuning")}
    (made.path / "configs" / "tuning.yaml").write_text(yaml.safe_dump(settings))
    return made


def tuned(place: Workspace) -> Path:
    return place.path / "tuning" / "best.yaml"


def trials_of(place: Workspace) -> list[optuna.trial.FrozenTrial]:
    (database,) = place.path.glob("tuning/*/study.db")
    study = optuna.load_study(study_name=None, storage=f"sqlite:///{database}")
    return study.get_trials(states=job.ENDED)


def score_by(monkeypatch: pytest.MonkeyPatch, function: Any) -> None:
    """Train nothing; the score is the function's of the settings."""
    monkeypatch.setattr(job, "score", lambda _, train: function(train.model.model_extra or {}))


def config(tuning: dict[str, Any] | None = None, **train: Any) -> Config:
    return Config.model_validate(
        {"data": {"driving": "orders", "split": {"by": "hash"}}, "serve": {}, "monitor": {}}
        | {"train": train, "options": {"tuning": tuning or {}}}
    )


def test_the_best_settings_are_a_file_that_train_takes(
    place: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    """And the study is stored: a second run trains nothing. No test row was read."""
    job.run(place.config)
    assert "the settings as they are" in capsys.readouterr().out
    trials = trials_of(place)
    best = max(trials, key=lambda trial: trial.value or 0.0)
    assert len(trials) == 3
    assert trials[0].params == {}
    assert f"trial {best.number}, the best of 3 of the study" in tuned(place).read_text()
    model = load(place.path / "configs", over=tuned(place)).train.model
    assert model.kind == "linear"
    drawn = {f"model.{name}": value for name, value in (model.model_extra or {}).items()}
    assert decoded(best.params).items() <= drawn.items()

    before = tuned(place).read_bytes()
    job.run(place.config)
    assert (len(trials_of(place)), tuned(place).read_bytes()) == (3, before)
    with pytest.raises((DataError, OSError, ValueError), match=r"(?i)parquet"):
        training.run(place.config)


def test_the_best_trial_counts_and_not_the_last(
    place: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    score_by(monkeypatch, lambda own: -abs(own.get("penalty", 1e9) - 3))
    job.run(load(place.path / "configs", ["tuning.trials=30"]))
    penalty = yaml.safe_load(tuned(place).read_text())["train"]["model"]["penalty"]
    assert penalty == max(trials_of(place), key=lambda t: t.value or -1e9).params["model.penalty"]
    assert penalty == pytest.approx(3, abs=2)


def test_a_wrong_kind_is_refused_before_anything_is_read(place: Workspace) -> None:
    for path in (place.path / "data").glob("datasets/*/*.parquet"):
        path.unlink()
    with pytest.raises(ConfigError, match="'forest' is none"):
        job.run(load(place.path / "configs", ["tuning.kinds=[forest]"]))


def test_trainings_that_diverge_count_and_are_not_best(
    place: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def diverges(own: dict[str, Any]) -> float:
        if own:
            raise DivergedError("the loss is not finite")
        return 0.5

    score_by(monkeypatch, diverges)
    job.run(place.config)
    states = [trial.state.name for trial in trials_of(place)]
    assert states == ["COMPLETE", "PRUNED", "PRUNED"]
    monkeypatch.setattr(job, "score", lambda *_: diverges({"any": 1}))
    options = [f"tuning.folder={place.path / 'other'}"]
    with pytest.raises(DivergedError, match="none of the trainings of linear came to its end"):
        job.run(load(place.path / "configs", options))


@pytest.mark.parametrize("kind", sorted({*SEARCH} & {*NAMES}))
def test_every_kind_takes_what_is_said_to_be_worth_searching(kind: str) -> None:
    study = optuna.create_study()
    for _ in range(20):
        drawn = decoded(study.ask(SEARCH[kind]).params)
        assert applied(of_kind(config().train, kind), drawn).model.kind == kind


def test_the_kinds_are_those_that_are_named_else_that_of_the_model() -> None:
    assert kinds_of(config()) == ("lightgbm", "mlp")
    assert kinds_of(config(model={"kind": "linear"})) == ("linear",)
    assert kinds_of(config({"kinds": ["linear"]})) == ("linear",)


def test_what_scores_follow_from_names_the_study_and_nothing_else_does() -> None:
    def name(given: Config, dataset: str = "d1") -> str:
        return study_name("shop", dataset, given.train, "mlp")

    first = name(config())
    assert first.startswith("shop-mlp-")
    assert name(config({"trials": 3, "seed": 9})) == first
    others = [name(config(), "d2"), name(config(seed=3)), name(config(folds_below_rows=9))]
    assert len({first, *others}) == 4


@pytest.mark.slow
def test_a_search_that_was_killed_goes_on(place: Workspace) -> None:
    options = ["--set", "tuning.trials=12", "--configs", str(place.path / "configs")]
    command = [sys.executable, "-u", "-m", PACKAGE, "tune", *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    first = next(line for line in process.stdout if line.startswith("trial"))
    assert re.match(r"trial +\d+", first)
    process.kill()
    process.communicate()
    before = [trial.number for trial in trials_of(place)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    after = trials_of(place)
    assert len(after) == 12
    assert [trial.number for trial in after][: len(before)] == before
    assert tuned(place).exists()
