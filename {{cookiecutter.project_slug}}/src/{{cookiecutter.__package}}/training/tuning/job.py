"""``tune``: a dataset version → a study by kind of model → plots, a table, the best settings."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from ...config import Config
from ...data.dataset import current
from ...errors import DivergedError, ProjectError
from ...models.metrics import METRICS
from ...models.tasks import task_of
from ...storage import write_file
from ...terminal import say, table
from .best import refuse_to_overwrite, write
from .mirror import mirror
from .plots import draw
from .settings import OWN, tuning_of
from .space import kinds_of, of_kind, space_of, study_name, value_of
from .study import Study
from .trial import StudyRecord, Trial
from .work import Search, in_processes

SHOWN = 10


def run(config: Config, target: Path, *, force: bool = False) -> None:
    """Search each kind of model; ``target`` gets the settings of the best trial of all.

    Raises:
        ConfigError: a setting is wrong, or a person changed ``target`` and nothing forces it.
        DataError: there is no dataset.
        DivergedError: no training came to its end.
    """
    settings = config.train
    spaces = {kind: space_of(config, kind) for kind in kinds_of(config)}
    refuse_to_overwrite(target, force=force)
    dataset = current(config.data.directory)
    name, metric = dataset.contract.name, task_of(dataset.contract).main
    say(f"dataset   {dataset.path}")
    results = []
    for kind, space in spaces.items():
        study = study_name(name, dataset.name, settings, kind, space)
        search = Search(config=config, kind=kind, folder=tuning_of(config).folder / study)
        with alone(search.folder):
            results.append(_search(search, dataset.name, metric))
            mirror(settings, name, results[-1][1])
    best, record = max(results, key=lambda pair: pair[0].score or 0.0)
    refuse_to_overwrite(target, force=force)  # it took a while
    write(target, settings, record, best)
    say(f"wrote     {target}: trial {best.number} of {record.kind}")
    say(
        f"next      make train WITH={target.as_posix()}; its gate judges on test rows. On validation"
        " rows the best of many looks better than it is"
    )


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """One command at a time searches a study, with as many processes as it has.

    Raises:
        ProjectError: another does.
    """
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(folder / ".lock", timeout=0):
            yield
    except Timeout:
        raise ProjectError(
            f"the study in '{folder}' is being searched by another process; wait for it, or end it"
        ) from None


def _search(search: Search, dataset: str, metric: str) -> tuple[Trial, StudyRecord]:
    """Search one kind of model, and show the results; an interrupted study is kept."""
    study, tuning = search.study(), tuning_of(search.config)
    study.release()
    before = len(study.trials())
    say(f"study     {search.folder}" + (f", after {before:,} trials" if before else ""))
    on_end = _progress(study, METRICS[metric].title)
    try:
        if tuning.processes == 1:
            search.work(study, on_end)
        else:
            in_processes(search, study, on_end)
    except KeyboardInterrupt:
        say(
            f"stopped   {len(study.trials()):,} of {tuning.trials:,} trials are kept; tune goes on from there"
        )
        raise
    record = StudyRecord(
        name=search.folder.name,
        kind=search.kind,
        dataset=dataset,
        metric=metric,
        trials=[trial for trial in study.trials() if trial.state != "running"],
    )
    if record.best is None:
        raise DivergedError(
            f"none of the trainings of {search.kind} came to its end, not even the one with the"
            " settings as they are; see why with: make train"
        )
    _show(search, study, record)
    return record.best, record


def _progress(study: Study, title: str) -> Callable[[], None]:
    """Prints each trial once it has ended."""
    printed = {trial.number for trial in study.trials()}

    def print_new() -> None:
        trials = [trial for trial in study.trials() if trial.state != "running"]
        best = max((trial.score for trial in trials if trial.score is not None), default=None)
        for trial in trials:
            if trial.number not in printed:
                printed.add(trial.number)
                result = trial.state if trial.score is None else f"{title} {trial.score:.4f}"
                say(f"trial     {trial.number:<4}{result:<14}{_drawn(trial)}  best {best or 0:.4f}")

    return print_new


def _show(search: Search, study: Study, record: StudyRecord) -> None:
    """The best trials beside the settings as they are, and the plots."""
    title, settings = METRICS[record.metric].title, of_kind(search.config.train, search.kind)
    names = list(space_of(search.config, search.kind))
    complete = [trial for trial in record.trials if trial.score is not None]
    complete.sort(key=lambda trial: (-(trial.score or 0.0), trial.number))
    shown = complete[:SHOWN] + [trial for trial in complete[SHOWN:] if trial.number == 0]
    seconds = sum(trial.ended - trial.began for trial in record.trials)
    early = len(record.trials) - len(complete)
    table(
        f"{search.kind}: {len(record.trials):,} trials, {early:,} of them ended early,"
        f" {seconds:,.0f} s of training",
        ["trial", title, *(name.removeprefix(OWN) for name in names)],
        [
            (
                "as they are" if trial.number == 0 else str(trial.number),
                trial.score,
                *(_value(trial.drawn.get(n, value_of(settings, search.kind, n))) for n in names),
            )
            for trial in shown
        ],
    )
    for name, svg in draw(record, study.importance()):
        path = search.folder / f"{name}.svg"
        write_file(path, svg)
        say(f"plot      {path}")


def _drawn(trial: Trial) -> str:
    if trial.number == 0:
        return "the settings as they are"
    return ", ".join(f"{name.removeprefix(OWN)} {_value(v)}" for name, v in trial.drawn.items())


def _value(value: object) -> str:
    if isinstance(value, list | tuple):
        return "-".join(map(_value, value))
    return f"{value:.3g}" if isinstance(value, float) else "–" if value is None else str(value)
