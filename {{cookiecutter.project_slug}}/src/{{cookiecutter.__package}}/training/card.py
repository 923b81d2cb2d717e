"""The model card: what a person must know before relying on the model, in Markdown.

Sections follow Mitchell et al., Model Cards for Model Reporting, 2019.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from ..contract import Contract
from ..data.labels import told
from ..models.metrics import METRICS
from ..models.tasks import Task, task_of
from .evaluate import Evaluation, Slice
from .gate import DUMMY, LINEAR, MODEL


def write_card(
    contract: Contract,
    metadata: Mapping[str, Any],
    evaluation: Evaluation,
    slices: Sequence[Slice],
    splits: Mapping[str, dict[str, Any]],
) -> str:
    """The card as Markdown."""
    excluded = [
        f"- `{name}`: {column.why or 'no reason given'}"
        for name, column in contract.columns.items()
        if contract.role(name) == "excluded"
    ]
    task = task_of(contract)
    days = f" Days and hours are counted in {contract.timezone}." if contract.times else ""
    features = ", ".join(f"`{name}`" for name in contract.features)
    parts = [
        f"# {contract.name}",
        _purpose(contract, metadata),
        "## Inputs",
        f"{features}." + days,
        "Left out on purpose:\n\n" + "\n".join(excluded) if excluded else "",
        "## Data",
        f"Dataset `{metadata['dataset']}`, contract `{metadata['contract'][:12]}`.",
        _table(
            ["split", "rows"],
            [[name, told(split)] for name, split in splits.items()],
        ),
        "## Quality on the test rows",
        f"Brackets hold {evaluation.confidence:.0%} intervals from a bootstrap over"
        f" {evaluation.n_blocks} {'days' if contract.time else 'rows'}.",
        _table(
            ["", *(METRICS[m].title for m in task.metrics)],
            [
                [n, *(str(evaluation.interval(n, m)) for m in task.metrics)]
                for n in (MODEL, LINEAR, DUMMY)
            ],
        ),
        "## Where it is better and worse",
        _slice_table(task, slices),
        "## Limits",
        "A value that training did not see is answered as an average one; a number beyond the"
        " training range as the nearest edge. Figures hold for rows like the test rows: watch"
        " drift and quality with `make monitor`.",
        "## Made by",
        f"{_commit(metadata['git'])}, seed {metadata['seed']}; "
        + ", ".join(f"{name} {version}" for name, version in metadata["libraries"].items())
        + ".",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _purpose(contract: Contract, metadata: Mapping[str, Any]) -> str:
    if contract.task == "binary":
        return (
            f"Predicts the probability that `{contract.target}` is `{contract.positive}`; the"
            f" decision is positive from {metadata['threshold']:.4f}, where F1 on validation rows"
            " is highest."
        )
    if contract.task == "multiclass":
        labels = ", ".join(f"`{label}`" for label in contract.labels or ())
        return f"Predicts which `{contract.target}` is likeliest, of {labels}."
    unit = contract.columns[contract.target].unit
    return f"Predicts the value of `{contract.target}`{f', in {unit}' if unit else ''}."


def _slice_table(task: Task, slices: Sequence[Slice]) -> str:
    if not slices:
        return "No column is marked `slice: true`, or no value has enough rows."
    shown = task.metrics[:2]
    header = [
        "column",
        "value",
        "rows",
        *(METRICS[m].title for m in shown),
        "observed",
        "predicted",
    ]
    rows = [
        [
            s.column,
            s.value,
            f"{s.rows:,}",
            *(f"{s.metrics[m]:.3f}" for m in shown),
            *("–" if mean is None else f"{mean:.4g}" for mean in (s.observed, s.predicted)),
        ]
        for s in slices
    ]
    return _table(header, rows)


def _commit(git: Mapping[str, Any]) -> str:
    if git["commit"] is None:
        return "No git commit"
    return f"Git commit `{git['commit']}`{' with uncommitted changes' if git['dirty'] else ''}"


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(
        "| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines
    )
