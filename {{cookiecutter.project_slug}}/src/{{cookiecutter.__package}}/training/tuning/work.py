"""Trainings of a study, in this process or in several."""

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import dataclass, field, replace
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from pathlib import Path

from ...config import Config, TrainConfig
from ...data.dataset import Dataset, current
from ...errors import ProjectError
from ...terminal import say
from ..race import Holdout, fit_candidate, make_holdout, score
from ..rows import read_rows
from .settings import tuning_of
from .space import applied, is_whole, of_kind, space_of
from .study import Drawn, Objective, Report, Study

LOOK_S = 1.0


@dataclass(frozen=True, kw_only=True)
class Search:
    """One kind of model, searched in one study."""

    config: Config
    kind: str
    folder: Path

    def study(self) -> Study:
        """The study, made if it is not there."""
        tuning, space = tuning_of(self.config), space_of(self.config, self.kind)
        whole = [name for name in space if is_whole(self.kind, name)]
        return Study(self.folder, space, whole, seed=tuning.seed, prune=tuning.prune)

    def work(self, study: Study, on_end: Callable[[], None] = lambda: None) -> None:
        """Train here until the study has its trials."""
        settings = of_kind(self.config.train, self.kind)
        holdout = held_out(current(self.config.data.directory), settings)
        study.run(objective(holdout, settings), tuning_of(self.config).trials, on_end)


def held_out(dataset: Dataset, settings: TrainConfig) -> Holdout:
    """What the race would choose by: validation rows, or folds of these and the training rows."""
    train, validation = (read_rows(dataset, split, settings) for split in ("train", "validation"))
    split = dataset.manifest.get("split", {})
    return make_holdout(dataset.contract, settings, train, validation, split)


def objective(holdout: Holdout, settings: TrainConfig) -> Objective:
    """The race's score of the settings with drawn values in their places."""

    def train(drawn: Drawn, report: Report) -> float:
        chosen = applied(settings, drawn)
        watch = Watch(fits=len(holdout.sets), report=report)
        sets = [replace(one, settings=chosen, on_round=watch.of_fit()) for one in holdout.sets]
        return score(holdout.task, fit_candidate(chosen.model, replace(holdout, sets=sets)))

    return train


@dataclass(kw_only=True)
class Watch:
    """Reports at each twentieth of a training; where folds are held out, after each of them."""

    fits: int
    report: Report
    seen: list[list[float]] = field(default_factory=list)
    """Scores by fit and round."""
    told: int = 0
    """Percent."""

    def of_fit(self) -> Callable[[int, int, float], None]:
        """Watches one fit."""
        scores: list[float] = []

        def on_round(number: int, most: int, score: float) -> None:
            if self.fits == 1:
                self._tell(20 * number // most * 5, score)
                return
            if not scores:
                if done := len(self.seen):
                    self._tell(100 * done // self.fits, sum(map(max, self.seen)) / done)
                self.seen.append(scores)
            scores.append(score)

        return on_round

    def _tell(self, percent: int, score: float) -> None:
        if percent > self.told:
            self.told = percent
            self.report(percent, score)


def in_processes(search: Search, study: Study, on_end: Callable[[], None]) -> None:
    """Train in several processes; one that dies leaves its trial to the others.

    Raises:
        ProjectError: all have died.
    """
    context = multiprocessing.get_context("spawn")
    number = tuning_of(search.config).processes
    workers = [context.Process(target=_work, args=(search,), daemon=True) for _ in range(number)]
    for worker in workers:
        worker.start()
    alive: list[BaseProcess] = [*workers]
    try:
        while alive:
            wait([worker.sentinel for worker in alive], LOOK_S)
            on_end()
            ended = [worker for worker in alive if worker.exitcode is not None]
            alive = [worker for worker in alive if worker not in ended]
            for dead in ended:
                if dead.exitcode and study.release(dead.pid):
                    say(f"warning   a process died ({dead.exitcode}); its trial is begun again")
    finally:
        for worker in workers:
            worker.terminate()
            worker.join()
        study.release()
    trials = tuning_of(search.config).trials
    if len(study.trials()) < trials:
        raise ProjectError(
            f"every process died before the study {search.folder.name} had its {trials} trials; what"
            " they said is above. Those that ended are kept: tune goes on from there"
        )


def _work(search: Search) -> None:
    """One process: quiet, with its share of the processors, and gone when its parent is."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides
    threading.Thread(target=_follow_parent, daemon=True).start()
    settings = search.config.train
    if settings.threads is None:
        share = max((os.cpu_count() or 1) // tuning_of(search.config).processes, 1)
        settings = settings.model_copy(update={"threads": share})
    search = replace(search, config=search.config.model_copy(update={"train": settings}))
    with Path(os.devnull).open("w") as nowhere, redirect_stdout(nowhere):
        try:
            search.work(search.study())
        except ProjectError as error:
            print(f"error: {error}", file=sys.stderr)
            sys.exit(error.exit_code)


def _follow_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
