"""A model as the graph that predicts for it, with all that judging and keeping it needs."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import onnxruntime as ort

from ..config import ModelConfig, TrainConfig
from ..errors import ModelFailedError
from ..models import graph
from ..models.bundle import open_session, parity_error, run
from ..models.tasks import Cut, Outputs, Task, threshold_of
from ..models.trees import n_learned
from .gate import Rule, valid_outputs
from .kinds import Fitted
from .race import Entry, Model
from .rows import Splits

EXAMPLE_ROWS = 16


@dataclass(frozen=True, kw_only=True)
class Exported:
    """A model as a graph, and what the graph predicts."""

    graph: bytes
    tested: Outputs
    """On the test rows."""
    trained: Outputs
    """On the training rows."""
    valid: Rule
    """The gate's rule on the outputs as such."""
    parity: float
    """The largest difference over the test rows, as a multiple of the tolerance."""
    between: str
    """What differs by so much."""
    cut: Cut | None
    """From where on it decides, of a binary task."""
    choice: ModelConfig
    fitted: Fitted
    parameters: int
    """Numbers that were learned."""
    entries: Sequence[Entry] = ()
    """Those of the race that it won."""


def export(
    model: Model,
    task: Task,
    splits: Splits,
    settings: TrainConfig,
    entries: Sequence[Entry] = (),
) -> Exported:
    """From here on the graph predicts, and nothing else.

    Raises:
        ModelFailedError: an output is not finite, or no probability where it should be one.
    """
    content = graph.export(model.program, splits.train.inputs[:EXAMPLE_ROWS]).SerializeToString()
    tested, trained, valid = predict_splits(open_session(content), task, splits)
    expected = model.program.predict(splits.test.inputs)
    return Exported(
        graph=content,
        tested=tested,
        trained=trained,
        valid=valid,
        parity=parity_error(expected, tested, task.scale(expected)),
        between="torch and ONNX",
        cut=threshold_of(task, model.labels, model.outputs, settings.threshold),
        choice=model.choice,
        fitted=model.fitted,
        parameters=n_learned(model.program.body),
        entries=entries,
    )


def predict_splits(
    session: ort.InferenceSession, task: Task, splits: Splits
) -> tuple[Outputs, Outputs, Rule]:
    """A graph's outputs on test and training rows, and the gate's rule on them as such.

    Raises:
        ModelFailedError: an output cannot be one; no server would open such a bundle.
    """
    tested, trained = (run(session, rows.inputs) for rows in (splits.test, splits.train))
    valid = valid_outputs(task, {"test": tested, "training": trained})
    if not valid.passed:
        raise ModelFailedError(
            f"no bundle is made: {valid.rule}: {valid.measured} ({valid.reason})"
        )
    return np.asarray(tested), np.asarray(trained), valid
