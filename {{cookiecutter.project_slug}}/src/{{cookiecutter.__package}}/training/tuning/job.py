"""``tune``: a dataset version → a study by kind of model → the best settings as a file.

The search is Optuna's (Akiba et al., 2019); its database says all about every trial.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import optuna
import yaml
from filelock import FileLock, Timeout
from optuna.pruners import MedianPruner, NopPruner
from optuna.samplers import TPESampler
from optuna.trial import FrozenTrial, TrialState

from ...config import Config
from ...data.dataset import Dataset, current
from ...errors import DivergedError, ProjectError
from ...models.metrics import METRICS
from ...models.tasks import task_of
from ...storage import write_file
from ...terminal import say
from ..race import Holdout, fit_candidate, make_holdout, score
from ..rows import read_rows
from .settings import tuning_of
from .space import OWN, applied, decoded, draw, kinds_of, of_kind, study_name

FULL_TRIALS, FIRST_PERCENT = 5, 10
"""Trials that come to their end, and the part of each, before any is ended early."""
ENDED = (TrialState.COMPLETE, TrialState.PRUNED)


@dataclass(frozen=True, kw_only=True)
class Search:
    """One kind of model, searched in one study."""

    config: Config
    kind: str
    dataset: Dataset
    study: optuna.Study

    @property
    def ended(self) -> list[FrozenTrial]:
        """The trials that count."""
        return self.study.get_trials(deepcopy=False, states=ENDED)

    @property
    def title(self) -> str:
        """What the scores are."""
        return f"validation {METRICS[task_of(self.dataset.contract).main].title}"


def run(config: Config) -> None:
    """Search each kind of model; ``best.yaml`` gets the settings of the best trial of all.

    Raises:
        ConfigError: a setting is wrong.
        DataError: there is no dataset.
        DivergedError: no training came to its end.
    """
    wanted = kinds_of(config)
    dataset = current(config.data.directory)
    say(f"dataset   {dataset.path}")
    searches = [_search(config, kind, dataset) for kind in wanted]
    best = max(searches, key=lambda search: search.study.best_value)
    target = tuning_of(config).folder / "best.yaml"
    _write(target, best)
    say(f"wrote     {target}: trial {best.study.best_trial.number} of {best.kind}")
    say(
        f"next      make train WITH={target.as_posix()}; its gate judges on test rows. On validation"
        " rows the best of many looks better than it is"
    )


def _search(config: Config, kind: str, dataset: Dataset) -> Search:
    tuning = tuning_of(config)
    name = study_name(dataset.contract.name, dataset.name, config.train, kind)
    folder = tuning.folder / name
    folder.mkdir(parents=True, exist_ok=True)
    with _alone(folder):
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        study = optuna.create_study(
            storage=f"sqlite:///{folder / 'study.db'}",
            study_name=name,
            direction="maximize",
            pruner=MedianPruner(FULL_TRIALS, FIRST_PERCENT) if tuning.prune else NopPruner(),
            load_if_exists=True,
        )
        for killed in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
            study.tell(killed.number, state=TrialState.FAIL)
        search = Search(config=config, kind=kind, dataset=dataset, study=study)
        say(f"study     {folder}" + f", after {len(search.ended):,} trials" * bool(search.ended))
        _optimize(search)
    if all(trial.state is not TrialState.COMPLETE for trial in search.ended):
        raise DivergedError(
            f"none of the trainings of {kind} came to its end, not even the one with the settings"
            " as they are; see why with: make train"
        )
    return search


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """While this lasts, no other process searches the study."""
    try:
        with FileLock(folder / ".lock", timeout=0):
            yield
    except Timeout:
        raise ProjectError(
            f"the study in '{folder}' is being searched by another process; wait for it, or end it"
        ) from None


def _optimize(search: Search) -> None:
    """Train until the study has its trials; one that was killed or failed does not count."""
    tuning, study = tuning_of(search.config), search.study
    objective = _objective(search)
    while (n := len(search.ended)) < tuning.trials:
        study.sampler = TPESampler(seed=tuning.seed * 100_003 + n)  # the same however often resumed
        study.optimize(objective, 1, callbacks=[lambda _, trial: _show(search, trial)])


def _objective(search: Search) -> Callable[[optuna.Trial], float]:
    settings = of_kind(search.config.train, search.kind)
    holdout = _held_out(search)

    def train(trial: optuna.Trial) -> float:
        baseline = not search.ended
        drawn = {} if baseline else draw(trial, search.kind)
        chosen = applied(settings, drawn)
        sets = [replace(one, settings=chosen) for one in holdout.sets]
        if len(sets) == 1:  # folds are of few rows, and soon done
            sets = [replace(sets[0], on_round=_reports(trial, prune=not baseline))]
        try:
            return score(holdout, fit_candidate(chosen.model, replace(holdout, sets=sets)))
        except DivergedError:
            raise optuna.TrialPruned from None

    return train


def _held_out(search: Search) -> Holdout:
    """What the race would choose by: validation rows, or folds of these and the training rows."""
    dataset, settings = search.dataset, of_kind(search.config.train, search.kind)
    train, validation = (read_rows(dataset, split, settings) for split in ("train", "validation"))
    split = dataset.manifest.get("split", {})
    return make_holdout(settings, train, validation, split)


def _reports(trial: optuna.Trial, *, prune: bool) -> Callable[[int, int, float], None]:
    """Reports each twentieth of a training to Optuna, which may end it."""
    last = 0

    def on_round(number: int, most: int, value: float) -> None:
        nonlocal last
        percent = 20 * number // most * 5
        if percent > last:
            last = percent
            trial.report(value, percent)
            if prune and trial.should_prune():
                raise optuna.TrialPruned

    return on_round


def _show(search: Search, trial: FrozenTrial) -> None:
    values = (f"{k.removeprefix(OWN)} {_text(v)}" for k, v in decoded(trial.params).items())
    drawn = ", ".join(values) or "the settings as they are"
    if trial.state is TrialState.COMPLETE:
        best = f"best {search.study.best_value:.4f}"
        say(f"trial     {trial.number:<4}{search.title} {trial.value:.4f}  {best}  {drawn}")
    else:
        say(f"trial     {trial.number:<4}ended early  {drawn}")


def _text(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def _write(target: Path, search: Search) -> None:
    """Replace ``target`` in one step; a comment says where the settings are from."""
    best, drawn = search.study.best_trial, decoded(search.study.best_params)
    settings = of_kind(search.config.train, search.kind)
    model = settings.model.model_dump(mode="json")
    model |= {k.removeprefix(OWN): v for k, v in drawn.items() if k.startswith(OWN)}
    others = {k: v for k, v in drawn.items() if not k.startswith(OWN)}
    text = (
        f"# The settings of trial {best.number}, the best of {len(search.ended)} of the study"
        f" {search.study.study_name},\n# on dataset {search.dataset.name}: {search.title}"
        f" {best.value:.4f}. To train with them: make train WITH={target.as_posix()}\n"
    ) + yaml.safe_dump({"train": others | {"model": model}}, sort_keys=False, allow_unicode=True)
    write_file(target, text.encode())
