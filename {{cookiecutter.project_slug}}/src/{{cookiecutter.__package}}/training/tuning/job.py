"""``tune``: a dataset version → a study by kind of model → the best settings as a file.

The search is Optuna's (Akiba et al., 2019); its database says all about every trial.
"""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import optuna
import yaml
from optuna.samplers import TPESampler
from optuna.trial import FrozenTrial, TrialState

from ...config import Config, TrainConfig
from ...data.dataset import Dataset, current
from ...errors import DivergedError
from ...models.metrics import METRICS
from ...models.tasks import task_of
from ...storage import write_file
from ...terminal import say
from ..race import Holdout, fit_candidate, make_holdout
from ..rows import read_rows
from .settings import tuning_of
from .space import OWN, SEARCH, applied, decoded, kinds_of, of_kind, study_name

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
        """The trials that count: trained to their end, or diverged."""
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
    kinds = kinds_of(config)
    dataset = current(config.data.directory)
    say(f"dataset   {dataset.path}")
    searches = [_search(config, kind, dataset) for kind in kinds]
    best = max(searches, key=lambda search: search.study.best_value)
    target = tuning_of(config).folder / "best.yaml"
    _write(target, best)
    say(f"wrote     {target}: trial {best.study.best_trial.number} of {best.kind}")
    say(
        f"next      make train WITH={target.as_posix()}; its gate judges on test rows. On validation"
        " rows the best of many looks better than it is"
    )


def _search(config: Config, kind: str, dataset: Dataset) -> Search:
    name = study_name(dataset.contract.name, dataset.name, config.train, kind)
    folder = tuning_of(config).folder / name
    folder.mkdir(parents=True, exist_ok=True)
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(
        storage=f"sqlite:///{folder / 'study.db'}",
        study_name=name,
        direction="maximize",
        load_if_exists=True,
    )
    search = Search(config=config, kind=kind, dataset=dataset, study=study)
    say(f"study     {folder}" + f", after {len(search.ended):,} trials" * bool(search.ended))
    _optimize(search)
    if all(trial.state is not TrialState.COMPLETE for trial in search.ended):
        raise DivergedError(
            f"none of the trainings of {kind} came to its end, not even the one with the settings"
            " as they are; see why with: make train"
        )
    return search


def _optimize(search: Search) -> None:
    """Train until the study has its trials, the first with the settings as they are.

    A trial that was killed or failed does not count, and one that diverged has no score.
    """
    tuning, study = tuning_of(search.config), search.study
    settings = of_kind(search.config.train, search.kind)
    train, validation = (
        read_rows(search.dataset, split, settings) for split in ("train", "validation")
    )
    holdout = make_holdout(settings, train, validation)
    while (n := len(search.ended)) < tuning.trials:
        study.sampler = TPESampler(seed=tuning.seed * 100_003 + n)  # the same however often resumed
        trial = study.ask(SEARCH[search.kind] if n else {})
        try:
            value = score(holdout, applied(settings, decoded(trial.params)))
        except DivergedError:
            _show(search, study.tell(trial, state=TrialState.PRUNED))
        else:
            _show(search, study.tell(trial, value))


def score(holdout: Holdout, settings: TrainConfig) -> float:
    """Train; what is to be high: the deciding metric, or where it has no meaning the negative loss."""
    sets = [replace(training, settings=settings) for training in holdout.sets]
    model = fit_candidate(settings.model, replace(holdout, sets=sets))
    task = model.task
    metrics = task.scores(holdout.rows.labels, model.outputs).all()
    main, loss = metrics[task.main], metrics[task.loss]
    return -loss if np.isnan(main) else main


def _show(search: Search, trial: FrozenTrial) -> None:
    values = [f"{k.removeprefix(OWN)} {_text(v)}" for k, v in decoded(trial.params).items()]
    drawn = ", ".join(values) or "the settings as they are"
    if trial.state is TrialState.COMPLETE:
        best = f"best {search.study.best_value:.4f}"
        say(f"trial     {trial.number:<4}{search.title} {trial.value:.4f}  {best}  {drawn}")
    else:
        say(f"trial     {trial.number:<4}diverged  {drawn}")


def _text(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def _write(target: Path, search: Search) -> None:
    """Replace ``target`` in one step; a comment says where the settings are from."""
    best = search.study.best_trial
    settings = applied(of_kind(search.config.train, search.kind), decoded(best.params))
    names = {"model", *(name for name in best.params if not name.startswith(OWN))}
    train = settings.model_dump(mode="json", include=names)
    text = (
        f"# The settings of trial {best.number}, the best of {len(search.ended)} of the study"
        f" {search.study.study_name},\n# on dataset {search.dataset.name}: {search.title}"
        f" {best.value:.4f}. To train with them: make train WITH={target.as_posix()}\n"
    ) + yaml.safe_dump({"train": train}, sort_keys=False, allow_unicode=True)
    write_file(target, text.encode())
