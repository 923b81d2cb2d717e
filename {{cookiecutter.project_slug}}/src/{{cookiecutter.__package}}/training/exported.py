"""A model as the graph that answers for it, with all that judging and keeping it asks for."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import onnxruntime as ort
import safetensors.torch

from ..config import ModelConfig
from ..errors import ModelFailedError
from ..models import graph
from ..models.bundle import open_session, parity_error
from ..models.bundle import run as ask
from ..models.tasks import Outputs, Task
from ..models.trees import n_learned
from ..models.versions import format_rule
from .fitting import Model
from .gate.rules import Rule, valid_outputs
from .kinds import Fitted
from .race import Entry
from .registry.history import show_verdict
from .rows import Rows

EXAMPLE_ROWS = 16


@dataclass(frozen=True, kw_only=True)
class Exported:
    """A model as a graph, and what the graph answers."""

    graph: bytes
    tested: Outputs
    """On the test rows."""
    trained: Outputs
    """On the training rows."""
    valid: Rule
    """What the gate says of the answers as such."""
    parity: float
    """The largest difference over the test rows, as a multiple of what is tolerated."""
    between: str
    """What differs by so much."""
    choice: ModelConfig
    fitted: Fitted
    parameters: int
    """Numbers that were learned."""
    weights: bytes | None
    """As safetensors, for training on; none of a model from elsewhere."""
    entries: Sequence[Entry] = ()
    """Those of the race that it won."""


def export(
    model: Model, task: Task, train: Rows, test: Rows, entries: Sequence[Entry] = ()
) -> Exported:
    """From here on the graph answers, and nothing else.

    Raises:
        ModelFailedError: it answers rows with what is no number.
    """
    made = graph.export(model.program, train.inputs[:EXAMPLE_ROWS]).SerializeToString()
    tested, trained, valid = answers(open_session(made), task, test, train)
    expected = model.program.predict(test.inputs)
    parity = parity_error(expected, tested, task.scale(expected))
    return Exported(
        graph=made,
        tested=tested,
        trained=trained,
        valid=valid,
        parity=parity,
        between="torch and ONNX",
        choice=model.choice,
        fitted=model.fitted,
        parameters=n_learned(model.program.body),
        weights=safetensors.torch.save(model.program.state_dict()),
        entries=entries,
    )


def answers(
    session: ort.InferenceSession, task: Task, test: Rows, train: Rows
) -> tuple[Outputs, Outputs, Rule]:
    """What a graph answers to test and training rows, and what the gate says of it as such.

    Raises:
        ModelFailedError: it answers rows with what is no number; no server would open such a bundle.
    """
    tested, trained = (ask(session, rows.inputs) for rows in (test, train))
    valid = valid_outputs(task, {"test": tested, "training": trained})
    if not valid.passed:
        verdict = asdict(valid)
        show_verdict([verdict])
        raise ModelFailedError(
            f"the gate refused it, and no bundle is made: {format_rule(verdict)}"
        )
    return tested, trained, valid
