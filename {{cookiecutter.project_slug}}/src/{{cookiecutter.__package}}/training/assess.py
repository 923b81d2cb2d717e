"""A model as the graph that predicts for it, how good it is on test rows, and what the gate says."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import onnxruntime as ort
import polars as pl

from ..config import Config, ModelConfig, TrainConfig
from ..contract import Contract
from ..data.dataset import Dataset
from ..data.leakage import tellings
from ..errors import BundleError, DataError, ModelFailedError
from ..models import graph
from ..models.bundle import open_bundle, open_session, parity_error, run
from ..models.metrics import METRICS, Scored
from ..models.tables import from_table
from ..models.tasks import Cut, Outputs, Task, task_of, threshold_of
from ..models.versions import Versions
from ..terminal import say, table
from .evaluate import (
    CHAMPION,
    DUMMY,
    LINEAR,
    MODEL,
    Evaluation,
    Slice,
    calibration_gap,
    evaluate,
    slice_columns,
    slices,
)
from .gate import Evidence, Rule, judge
from .kinds import Fitted
from .race import Model
from .rows import Rows, Splits, bootstrap_of, overlap

EXAMPLE_ROWS = 16


@dataclass(frozen=True, kw_only=True)
class Exported:
    """A model as a graph, and what the graph predicts."""

    graph: bytes
    tested: Outputs
    """On the test rows."""
    trained: Outputs
    """On the training rows."""
    parity: float
    """How far off the graph is over the test rows, as a multiple of the tolerance."""
    cut: Cut | None
    """From where on it decides, of a binary task."""
    choice: ModelConfig
    fitted: Fitted

    @property
    def threshold(self) -> float | None:
        """From which probability on a binary decision is positive."""
        return self.cut.threshold if self.cut else None


@dataclass(frozen=True, kw_only=True)
class Assessed:
    """A model, how good it is, and what the gate says of it."""

    exported: Exported
    evaluation: Evaluation
    slices: Sequence[Slice]
    rules: Sequence[Rule]

    @property
    def failed(self) -> set[str]:
        """The rules that refuse it."""
        return {rule.rule for rule in self.rules if not rule.passed}


def export(model: Model, task: Task, splits: Splits, settings: TrainConfig) -> Exported:
    """From here on the graph predicts, and nothing else.

    Raises:
        ModelFailedError: an output is not finite, or no probability where it should be one.
    """
    test, example = splits["test"].inputs, splits["train"].inputs[:EXAMPLE_ROWS]
    content = graph.export(model.program, example).SerializeToString()
    tested, trained = predict_splits(open_session(content), task, splits)
    expected = model.program.predict(test)
    return Exported(
        graph=content,
        tested=tested,
        trained=trained,
        parity=parity_error(expected, tested, task.scale(expected)),
        cut=threshold_of(task, model.labels, model.outputs, settings.threshold),
        choice=model.choice,
        fitted=model.fitted,
    )


def predict_splits(
    session: ort.InferenceSession, task: Task, splits: Splits
) -> tuple[Outputs, Outputs]:
    """A graph's outputs on test and training rows.

    Raises:
        ModelFailedError: an output cannot be one; no server would open such a bundle.
    """
    outputs = []
    for name in ("test", "train"):
        values = np.asarray(run(session, splits[name].inputs))
        if not task.valid(values):
            wrong = (~np.isfinite(values).reshape(len(values), -1).all(1)).sum()
            raise ModelFailedError(
                f"no bundle is made: {wrong:,} of {len(values):,} outputs on the {name} rows are not"
                f" finite, or else one is no {task.output}"
            )
        outputs.append(values)
    return outputs[0], outputs[1]


def assess(
    config: Config, dataset: Dataset, splits: Splits, exported: Exported, linear: Model
) -> Assessed:
    """Compare a graph with the baselines and the champion on the test rows, and judge it."""
    settings, contract, train, test = (
        config.train,
        dataset.contract,
        splits["train"],
        splits["test"],
    )
    task, split = task_of(contract), dataset.manifest.get("split", {})
    dummy = task.constant(train.labels, len(train))
    cuts = {
        MODEL: exported.cut,
        LINEAR: threshold_of(task, linear.labels, linear.outputs, settings.threshold),
        DUMMY: threshold_of(task, train.labels, dummy, settings.threshold),
    }
    tasks = {name: task_of(contract, cut.threshold if cut else None) for name, cut in cuts.items()}
    outputs = {
        MODEL: exported.tested,
        LINEAR: linear.program.predict(test.inputs),
        DUMMY: task.constant(train.labels, len(test)),
    }
    scores = {name: tasks[name].scores(test.labels, outputs[name]) for name in outputs}
    scores |= champion(contract, Versions(settings.bundles, contract.name), test)
    evaluation = evaluate(scores, bootstrap_of(contract, test, split, settings))
    _show(task, len(test), evaluation, exported.cut)
    columns, _ = slice_columns(contract, test.table)
    parts = slices(tasks[MODEL], test.labels, outputs, columns, evaluation.bootstrap)
    evidence = Evidence(
        task=task,
        evaluation=evaluation,
        parity=exported.parity,
        leakage=dict(tellings(pl.DataFrame(pl.from_arrow(train.table)), contract)),
        overlap=overlap(contract, [train, splits["validation"]], test),
        slices=parts,
        calibration=calibration_gap(task, evaluation, test.labels, exported.tested),
    )
    rules = judge(evidence, settings.gate)
    return Assessed(exported=exported, evaluation=evaluation, slices=parts, rules=rules)


def champion(contract: Contract, versions: Versions, test: Rows) -> Mapping[str, Scored]:
    """What serves now on the same test rows; nothing where none does or its bundle is damaged.

    Raises:
        DataError: the dataset no longer has a column that the champion needs, or it is of another
            task.
    """
    if (served := versions.served()) is None:
        return {}
    name = f"the served version {served.number}"
    try:
        bundle = open_bundle(versions.folder / served.bundle)
        if bundle.contract.task != contract.task:
            raise DataError(
                f"it is a {bundle.contract.task} model, and the contract's task is {contract.task}:"
                " give the contract another name"
            )
        outputs = bundle.predict(from_table(bundle.contract, test.table))
    except BundleError as error:
        say(
            f"warning   {name} is damaged: {error}\n          nothing is compared with it; serve"
            " another: rollback, or promote the version made now"
        )
        return {}
    except DataError as error:
        raise DataError(f"{name} cannot be compared on this dataset: {error}") from None
    return {CHAMPION: bundle.task.scores(test.labels, outputs)}


def _show(task: Task, n_rows: int, evaluation: Evaluation, cut: Cut | None) -> None:
    """So short that 80 columns hold three intervals."""

    def cell(model: str, metric: str) -> str:
        interval = evaluation.interval(model, metric)
        large = max(abs(interval.value), abs(np.nan_to_num(interval.high))) >= 100
        return f"{interval:,.0f}" if large else f"{interval:.3f}"

    table(
        f"{n_rows:,} test rows; {evaluation.bootstrap}",
        ["", *(METRICS[metric].title for metric in task.headline)],
        [(model, *(cell(model, m) for m in task.headline)) for model in evaluation.values],
    )
    if cut is not None:
        say(f"threshold {cut.threshold:.4f}, {cut.why}")
