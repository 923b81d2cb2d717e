"""A study: trials in a database that processes share. All that knows Optuna (Akiba et al., 2019)."""

import json
import math
import os
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import optuna
from filelock import FileLock
from optuna.importance import FanovaImportanceEvaluator, get_param_importances
from optuna.pruners import MedianPruner, NopPruner
from optuna.samplers import TPESampler
from optuna.storages import RDBStorage
from optuna.trial import FrozenTrial, TrialState

from ...errors import DivergedError
from .settings import Space
from .trial import Trial

Drawn = Mapping[str, Any]
Report = Callable[[int, float], None]
"""Told how far a training is, in percent, and its score there; ends it by raising."""
Objective = Callable[[Drawn, Report], float]
DATABASE = "study.db"
WAIT_S = 120
FULL_TRIALS, FIRST_PERCENT = 5, 10
"""Trials that come to their end, and the part of each, before any is ended early."""
FEWEST_TO_WEIGH = 10
STATES = {
    TrialState.COMPLETE: "complete",
    TrialState.PRUNED: "ended early",
    TrialState.RUNNING: "running",
}


class Study:
    """Trials of one space on one dataset; those that were killed count as never begun.

    The first trial takes the settings as they are. What the others draw follows from the seed, their
    place in the study and the trials that have ended: a search of one process that was interrupted
    ends as if it had not been.
    """

    def __init__(
        self, folder: Path, space: Space, whole: Sequence[str], *, seed: int = 0, prune: bool = True
    ) -> None:
        """``whole`` names the settings that take whole numbers alone."""
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self._space, self._whole, self._seed = folder, space, whole, seed
        self._lock = FileLock(folder / ".draw")
        with self._lock:  # two that make the tables at once would fail
            self._study = optuna.create_study(
                storage=RDBStorage(
                    f"sqlite:///{folder / DATABASE}",
                    engine_kwargs={"creator": partial(_connect, folder / DATABASE)},
                ),
                study_name=folder.name,
                direction="maximize",
                pruner=MedianPruner(FULL_TRIALS, FIRST_PERCENT) if prune else NopPruner(),
                load_if_exists=True,
            )

    def run(
        self, objective: Objective, trials: int, on_end: Callable[[], None] = lambda: None
    ) -> None:
        """Begin trials until the study has so many; ``on_end`` is called after each.

        A training that diverges counts as one that ended early. One that is interrupted or fails
        for another reason does not count.
        """
        while (trial := self._begin(trials)) is not None:
            drawn = self._draw(trial)

            def report(percent: int, score: float, trial: optuna.Trial = trial) -> None:
                trial.report(score, percent)
                if trial.user_attrs["place"] > 0 and trial.should_prune():
                    raise optuna.TrialPruned

            try:
                score = objective(drawn, report)
            except (optuna.TrialPruned, DivergedError):
                score = math.nan
            except BaseException:
                self._study.tell(trial, state=TrialState.FAIL)
                raise
            if math.isfinite(score):
                self._study.tell(trial, score)
            else:
                self._study.tell(trial, state=TrialState.PRUNED)
            on_end()

    def release(self, process: int | None = None) -> int:
        """Let what a process was at when it died, or any did, be drawn again; how many that were."""
        found = [
            trial
            for trial in self._trials(TrialState.RUNNING)
            if process in {None, trial.user_attrs.get("process")}
        ]
        for trial in found:
            self._study.tell(trial.number, state=TrialState.FAIL)
        return len(found)

    def trials(self) -> list[Trial]:
        """Those that have ended or are running, in their order."""
        return [
            Trial(
                number=trial.user_attrs["place"],
                drawn=json.loads(trial.user_attrs.get("drawn", "{}")),
                score=trial.value if trial.state is TrialState.COMPLETE else None,
                state=STATES[trial.state],
                rounds=trial.intermediate_values,
                began=trial.datetime_start.timestamp() if trial.datetime_start else 0.0,
                ended=trial.datetime_complete.timestamp() if trial.datetime_complete else 0.0,
            )
            for trial in self._trials(*STATES)
            if "place" in trial.user_attrs
        ]

    def importance(self) -> dict[str, float]:
        """How much of the scores' variance each setting explains, most first; of few trials none.

        fANOVA: Hutter, Hoos & Leyton-Brown, 2014.
        """
        complete = [
            t for t in self._trials(TrialState.COMPLETE) if t.params.keys() == self._space.keys()
        ]
        if len(complete) < FEWEST_TO_WEIGH or len({trial.value for trial in complete}) < 2:
            return {}
        evaluator = FanovaImportanceEvaluator(seed=0)
        return get_param_importances(self._study, evaluator=evaluator, params=list(self._space))

    def _begin(self, trials: int) -> optuna.Trial | None:
        """Take the first place that no other trial has."""
        with self._lock:
            taken = {trial.user_attrs.get("place") for trial in self._trials(*STATES)}
            place = next((place for place in range(trials) if place not in taken), None)
            if place is None:
                return None
            self._study.sampler = TPESampler(seed=(self._seed * 100_003 + place) % 2**32)
            trial = self._study.ask()
            trial.set_user_attr("place", place)
            trial.set_user_attr("process", os.getpid())
            return trial

    def _draw(self, trial: optuna.Trial) -> Drawn:
        drawn = {}
        if trial.user_attrs["place"] > 0:
            drawn = {name: self._value(trial, name) for name in self._space}
        trial.set_user_attr("drawn", json.dumps(drawn))
        return drawn

    def _value(self, trial: optuna.Trial, name: str) -> Any:
        values = self._space[name]
        if values.choices is not None:  # the database takes no lists
            texts = [json.dumps(choice) for choice in values.choices]
            return json.loads(trial.suggest_categorical(name, texts))
        low, high, step = values.low or 0.0, values.high or 0.0, values.step
        if name in self._whole:
            return trial.suggest_int(name, int(low), int(high), step=int(step or 1), log=values.log)
        return trial.suggest_float(name, low, high, step=step, log=values.log)

    def _trials(self, *states: TrialState) -> list[FrozenTrial]:
        return self._study.get_trials(deepcopy=False, states=states)


def _connect(path: Path) -> sqlite3.Connection:
    """Waits for other processes; a write is not waited for until the disk has it, but is whole."""
    connection = sqlite3.connect(path, timeout=WAIT_S, check_same_thread=False)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")
    return connection
