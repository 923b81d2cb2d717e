"""The plots of a report: a record of findings in, drawings with a sentence each out."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ....contract import Contract
from .answers import calibration, confusion, errors, precision_recall, residuals, roc, scores
from .canvas import Plot, styled
from .quality import importance, learning, models, race, slices
from .seen import Seen

PLOTS: Sequence[Callable[[Seen], Plot | None]] = (
    models, roc, precision_recall, calibration, confusion, scores, residuals, errors,
    slices, importance, learning, race,
)  # fmt: skip


def draw(contract: Contract, record: Mapping[str, Any], threshold: float | None) -> dict[str, Plot]:
    """Every plot that the record has figures for, by name."""
    seen = Seen(contract=contract, record=record, threshold=threshold)
    with styled():
        made = [plot(seen) for plot in PLOTS]
    return {plot.name: plot for plot in made if plot is not None}
