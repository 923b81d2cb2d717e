"""Trials of functions whose optimum is known, in one process and in several."""

import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from {{ cookiecutter.__package }}.errors import DivergedError, ProjectError
from {{ cookiecutter.__package }}.training.tuning.job import alone
from {{ cookiecutter.__package }}.training.tuning.settings import (
    Space,
    Values,
)
from {{ cookiecutter.__package }}.training.tuning.study import (
    Drawn,
    Report,
    Study,
)
from {{ cookiecutter.__package }}.training.tuning.trial import (
    StudyRecord,
    Trial,
)

from ...conftest import PACKAGE

SPACE: Space = {
    "learning_rate": Values(low=1e-4, high=1.0, log=True),
    "model.leaves": Values(low=2, high=9),
    "model.hidden": Values(choices=((4,), (8, 4), None)),
}
PEAK = 0.01
# Trains nothing, for a while, in a study that others share.
SCRIPT = f"""
import sys, time
from pathlib import Path
from {PACKAGE}.training.tuning.settings import Values
from {PACKAGE}.training.tuning.study import Study

folder, trials, seconds = Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
study = Study(folder, dict(epochs=Values(low=1, high=1000)), ["epochs"])

def score(drawn, report):
    print("at it", flush=True)
    time.sleep(seconds)
    return float(drawn.get("epochs", 0))

study.run(score, trials)
"""


def study_at(folder: Path, *, seed: int = 0, prune: bool = True) -> Study:
    return Study(folder, SPACE, ["model.leaves"], seed=seed, prune=prune)


def peaked(drawn: Drawn, report: Report) -> float:
    """Best at a learning rate of 0.01 and with hidden layers 8, 4."""
    if not drawn:
        return -9.0
    distance: float = abs(drawn["learning_rate"] - PEAK) / PEAK
    miss = 0.0 if drawn["model.hidden"] == [8, 4] else 1.0
    return -min(distance, 5.0) - miss


def constant(drawn: Drawn, report: Report) -> float:
    return 0.5


def nowhere(drawn: Drawn, report: Report) -> float:
    return float("nan")


def leaves(drawn: Drawn, report: Report) -> float:
    return float(drawn.get("model.leaves", 0))


def record(trials: Sequence[Trial]) -> StudyRecord:
    return StudyRecord(name="s", kind="mlp", dataset="d", metric="auc", trials=trials)


def test_the_best_trial_is_returned_and_not_the_last(tmp_path: Path) -> None:
    study = study_at(tmp_path / "s")
    study.run(peaked, 40)
    trials = study.trials()
    best = record(trials).best
    assert best is not None
    assert best.score == max(trial.score or -9.0 for trial in trials)
    assert best.number != trials[-1].number
    assert best.drawn["learning_rate"] == pytest.approx(PEAK, rel=0.3)
    assert best.drawn["model.hidden"] == [8, 4]


def test_a_planted_trial_is_best_wherever_it_came(tmp_path: Path) -> None:
    """Also where it was the very first, or an equal one came later."""
    for place in (0, 3, 6):
        calls: list[Drawn] = []

        def score(
            drawn: Drawn, report: Report, at: int = place, made: list[Drawn] = calls
        ) -> float:
            made.append(drawn)
            return 1.0 if len(made) - 1 in {at, at + 2} else 0.5

        study = study_at(tmp_path / str(place))
        study.run(score, 7)
        best = record(study.trials()).best
        assert best is not None
        assert (best.number, best.drawn) == (place, calls[place])


def test_values_are_what_the_space_says(tmp_path: Path) -> None:
    study = study_at(tmp_path / "s")
    study.run(constant, 12)
    first, *others = (trial.drawn for trial in study.trials())
    assert first == {}
    for drawn in others:
        assert 1e-4 <= drawn["learning_rate"] <= 1
        assert isinstance(drawn["model.leaves"], int)
        assert drawn["model.hidden"] in ([4], [8, 4], None)
    assert len({drawn["model.leaves"] for drawn in others}) > 3


def test_an_interrupted_search_ends_as_if_it_had_not_been(tmp_path: Path) -> None:
    study_at(tmp_path / "whole").run(peaked, 16)
    calls = 0

    def interrupted(drawn: Drawn, report: Report) -> float:
        nonlocal calls
        calls += 1
        if calls in {1, 5, 14}:
            raise KeyboardInterrupt
        return peaked(drawn, report)

    for _ in range(3):
        with pytest.raises(KeyboardInterrupt):
            study_at(tmp_path / "broken").run(interrupted, 16)
    study_at(tmp_path / "broken").run(interrupted, 16)
    found = [
        [(trial.number, trial.drawn, trial.score) for trial in study_at(folder).trials()]
        for folder in (tmp_path / "whole", tmp_path / "broken")
    ]
    assert found[0] == found[1]
    assert len(found[0]) == 16
    study_at(tmp_path / "other", seed=1).run(peaked, 3)
    assert study_at(tmp_path / "other").trials()[2].drawn != found[0][2][1]


def test_trials_that_fare_badly_end_early_but_not_the_first(tmp_path: Path) -> None:
    learned: dict[str, int] = {}

    def score(drawn: Drawn, report: Report) -> float:
        height = peaked(drawn, report)
        for percent in range(5, 101, 5):
            learned[str(drawn)] = percent
            report(percent, height * 100 / percent)
        return height

    study = study_at(tmp_path / "s")
    study.run(score, 25)
    early = [trial for trial in study.trials() if trial.state == "ended early"]
    complete = [trial for trial in study.trials() if trial.state == "complete"]
    assert 5 <= len(early) <= 20
    assert complete[0].number == 0
    assert all(learned[str(trial.drawn)] < 100 for trial in early)
    assert all(max(trial.rounds) >= 10 for trial in early)
    assert all(trial.score is None for trial in early)
    full = study_at(tmp_path / "full", prune=False)
    full.run(score, 25)
    assert {trial.state for trial in full.trials()} == {"complete"}


def test_a_training_that_diverges_counts_and_is_not_best(tmp_path: Path) -> None:
    def score(drawn: Drawn, report: Report) -> float:
        if drawn and drawn["learning_rate"] > 0.01:
            raise DivergedError("the loss is not finite")
        return -1.0

    study = study_at(tmp_path / "s")
    study.run(score, 10)
    states = [trial.state for trial in study.trials()]
    assert len(states) == 10
    assert states.count("ended early") >= 2
    best = record(study.trials()).best
    assert best is not None
    assert best.number == 0


def test_a_study_without_an_end_has_no_best(tmp_path: Path) -> None:
    study = study_at(tmp_path / "s")
    study.run(nowhere, 2)
    assert record(study.trials()).best is None
    assert study.importance() == {}


def test_what_matters_is_weighed_once_there_are_trials_enough(tmp_path: Path) -> None:
    study = study_at(tmp_path / "s")
    study.run(leaves, 5)
    assert study.importance() == {}
    study.run(leaves, 20)
    shares = study.importance()
    assert next(iter(shares)) == "model.leaves"
    assert sum(shares.values()) == pytest.approx(1)


def begin(folder: Path, trials: int, seconds: float) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", SCRIPT, str(folder), str(trials), str(seconds)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


@pytest.mark.slow
def test_processes_share_a_study(tmp_path: Path) -> None:
    workers = [begin(tmp_path / "s", 30, 0.05) for _ in range(2)]
    done = [worker.communicate()[0].count("at it") for worker in workers]
    assert [worker.returncode for worker in workers] == [0, 0]
    assert sum(done) == 30
    assert min(done) >= 1
    trials = study_at(tmp_path / "s").trials()
    assert sorted(trial.number for trial in trials) == list(range(30))
    assert {trial.state for trial in trials} == {"complete"}


@pytest.mark.slow
def test_a_killed_trial_is_begun_again_and_counts_once(tmp_path: Path) -> None:
    worker = begin(tmp_path / "s", 3, 60.0)
    assert worker.stdout is not None
    assert worker.stdout.readline() == "at it\n"
    worker.kill()
    worker.communicate()
    study = study_at(tmp_path / "s")
    assert [trial.state for trial in study.trials()] == ["running"]
    assert study.release(worker.pid + 1) == 0
    assert study.release(worker.pid) == 1
    assert study.trials() == []
    again = begin(tmp_path / "s", 3, 0.0)
    assert again.communicate()[0].count("at it") == 3
    assert [trial.number for trial in study.trials()] == [0, 1, 2]
    assert all(trial.began <= trial.ended <= time.time() for trial in study.trials())


def test_one_command_at_a_time_searches_a_study(tmp_path: Path) -> None:
    with alone(tmp_path / "s"):
        with (
            pytest.raises(ProjectError, match="searched by another process"),
            alone(tmp_path / "s"),
        ):
            pass
        with alone(tmp_path / "other"):
            pass
