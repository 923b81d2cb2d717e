"""Real trainings on rows made from the contract; the test rows are poisoned throughout."""

import multiprocessing
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from {{ cookiecutter.__package }}.config import Config, load
from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.errors import ConfigError, DataError
from {{ cookiecutter.__package }}.models import preprocess
from {{ cookiecutter.__package }}.models.tables import from_table
from {{ cookiecutter.__package }}.models.tasks import task_of
from {{ cookiecutter.__package }}.training import job as training
from {{ cookiecutter.__package }}.training.race import fit_candidate, make_holdout, score
from {{ cookiecutter.__package }}.training.rows import Rows
from {{ cookiecutter.__package }}.training.tuning import job, work
from {{ cookiecutter.__package }}.training.tuning.study import Study
from {{ cookiecutter.__package }}.training.tuning.trial import Trial

from ...conftest import PACKAGE, Workspace, make_workspace
from ...synthesized import synthesize

SPACE = {
    "learning_rate": {"low": 1e-3, "high": 1e-1, "log": True},
    "model.hidden": {"choices": [[4], [8, 4]]},
}


@pytest.fixture
def place(tmp_path: Path, contract: Contract) -> Workspace:
    """A dataset whose test rows nobody can read, and settings of a search that takes seconds."""
    made = make_workspace(tmp_path / "own", contract, train=False)
    (test,) = (made.path / "data").glob("datasets/*/test.parquet")
    test.write_bytes(b"poison")
    space = {"trials": 3, "folder": str(made.path / "tuning"), "space": {"mlp": SPACE}}
    (made.path / "configs" / "tuning.yaml").write_text(yaml.safe_dump(space))
    configure(made, epochs=2)
    return made


def configure(place: Workspace, **changes: Any) -> None:
    path = place.path / "configs" / "train.yaml"
    path.write_text(yaml.safe_dump(yaml.safe_load(path.read_text()) | changes))


def tuned(place: Workspace) -> Path:
    return place.path / "configs" / "tuned.yaml"


def study_folder(place: Workspace) -> Path:
    (folder,) = place.path.glob("tuning/*/")
    return folder


def trials_of(place: Workspace) -> list[Trial]:
    return Study(study_folder(place), {}, []).trials()


def test_the_best_settings_are_a_file_that_train_takes(
    place: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    """And what was searched is kept: a second run trains nothing. No test row was read."""
    job.run(place.config, tuned(place))
    said = capsys.readouterr().out
    trials, folder = trials_of(place), study_folder(place)
    best = max(trials, key=lambda trial: trial.score or 0.0)
    assert len(trials) == 3
    assert "the settings as they are" in said
    assert f"the best of 3 of the study {folder.name}" in tuned(place).read_text()

    given = load(place.path / "configs", over=tuned(place)).train
    if best.number:
        assert given.learning_rate == best.drawn["learning_rate"]
        assert (given.model.model_extra or {})["hidden"] == best.drawn["model.hidden"]
    assert (given.model.kind, given.epochs) == ("mlp", 2)
    assert (folder / "history.svg").read_text().startswith("<?xml")

    before = tuned(place).read_bytes()
    job.run(place.config, tuned(place))
    assert trials_of(place) == trials
    assert tuned(place).read_bytes() == before
    with pytest.raises((DataError, OSError, ValueError), match=r"(?i)parquet"):
        training.run(place.config)


def test_a_file_that_a_person_changed_is_not_overwritten_silently(
    place: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(work, "fit_candidate", lambda *_: None)
    monkeypatch.setattr(work, "score", lambda *_: 0.5)
    job.run(place.config, tuned(place))
    written = tuned(place).read_text()
    tuned(place).write_text(written.replace("kind: mlp", "kind: linear"))
    with pytest.raises(ConfigError, match=r"changed by hand .*--force"):
        job.run(place.config, tuned(place))
    job.run(place.config, tuned(place), force=True)
    assert tuned(place).read_text() == written


def test_the_plan_is_refused_before_anything_is_read(place: Workspace) -> None:
    for path in (place.path / "data").glob("datasets/*/*.parquet"):
        path.unlink()
    config = load(place.path / "configs", ["tuning.kinds=[forest]"])
    with pytest.raises(ConfigError, match="'forest' is none"):
        job.run(config, tuned(place))


def test_the_score_is_that_of_the_race_and_folds_are_told_one_by_one(
    shop: Contract, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preprocess, "features", lambda _: {})

    def rows(n_rows: int, seed: int) -> Rows:
        table = synthesize(shop, n_rows, seed=seed)
        labels = task_of(shop).encode(table.column(shop.target).to_pylist())
        return Rows(table=table, inputs=from_table(shop, table), labels=labels)

    model = {"kind": "lightgbm", "trees": 5, "leaves": 4}
    settings = Config.model_validate(
        {"data": {"driving": "orders", "split": {"by": "hash"}}, "serve": {}, "monitor": {}}
        | {"train": {"model": model, "threads": 1, "folds": {"number": 3, "below_rows": 1000}}}
    ).train
    asked = make_holdout(shop, settings, rows(400, 0), rows(100, 1), {"by": "hash"})
    told: list[tuple[int, float]] = []
    found = work.objective(asked, settings)({}, lambda *news: told.append(news))
    lessons = len(asked.sets)
    assert [percent for percent, _ in told] == [100 * n // lessons for n in range(1, lessons)]
    assert found == score(asked.task, fit_candidate(settings.model, asked))
    other = work.objective(asked, settings)({"model.leaves": 31}, lambda *_: None)
    assert other != found


def test_rounds_are_told_at_each_twentieth() -> None:
    told: list[tuple[int, float]] = []
    watch = work.Watch(fits=1, report=lambda *news: told.append(news))
    tell = watch.of_fit()
    for number in range(1, 1001):
        tell(number, 1000, float(number))
    assert told[0] == (5, 50.0)
    assert [percent for percent, _ in told] == list(range(5, 101, 5))


@pytest.mark.slow
def test_a_process_that_is_killed_leaves_its_trial_to_the_other(
    place: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    config = load(place.path / "configs", ["tuning.processes=2", "tuning.trials=8"])
    killed: list[int] = []

    def kill() -> None:
        pattern = f"{place.path}/tuning/*/study.db"
        until(lambda: bool(list(place.path.glob("tuning/*/study.db"))), pattern)
        (folder,) = place.path.glob("tuning/*/")
        until(lambda: len(Study(folder, {}, []).trials()) >= 3, "three trials")
        child = multiprocessing.active_children()[0]
        assert child.pid is not None
        os.kill(child.pid, signal.SIGKILL)
        killed.append(child.pid)

    thread = threading.Thread(target=kill)
    thread.start()
    job.run(config, tuned(place))
    thread.join()
    assert killed
    assert "a process died (-9)" in capsys.readouterr().out or len(trials_of(place)) == 8
    assert sorted(trial.number for trial in trials_of(place)) == list(range(8))


@pytest.mark.slow
def test_a_killed_command_leaves_no_process_behind_and_is_gone_on_from(place: Workspace) -> None:
    options = ["tuning.processes=2", "tuning.trials=8", "train.epochs=20"]
    command = [
        sys.executable,
        "-u",
        "-m",
        PACKAGE,
        "tune",
        "--configs",
        str(place.path / "configs"),
    ]
    command += [word for option in options for word in ("--set", option)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    first = next(line for line in process.stdout if line.startswith("trial"))
    assert re.match(r"trial +\d+", first)
    process.kill()
    process.communicate()
    (folder,) = place.path.glob("tuning/*/")
    study = Study(folder, {}, [])
    time.sleep(1)
    kept = study.trials()
    time.sleep(3)
    assert study.trials() == kept
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    after = {trial.number: trial for trial in study.trials()}
    assert sorted(after) == list(range(8))
    for trial in kept:
        assert trial.state == "running" or after[trial.number] == trial
    assert tuned(place).exists()


def until(holds: Callable[[], bool], what: str, seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, what
        time.sleep(0.1)
