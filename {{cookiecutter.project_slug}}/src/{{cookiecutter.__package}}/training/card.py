"""The model card: what a person must know before relying on the model, in Markdown.

Sections follow Mitchell et al., Model Cards for Model Reporting, 2019.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from ..contract import Contract
from .evaluate import Evaluation, Slice
from .gate import DUMMY, LINEAR, MODEL

METRICS = ("auc", "log_loss", "brier")


def write_card(
    contract: Contract,
    metadata: Mapping[str, Any],
    evaluation: Evaluation,
    slices: Sequence[Slice],
    splits: Mapping[str, Mapping[str, float]],
) -> str:
    """The card as Markdown."""
    excluded = [
        f"- `{name}`: {column.why or 'no reason given'}"
        for name, column in contract.columns.items()
        if contract.role(name) == "excluded"
    ]
    features = ", ".join(f"`{name}`" for name in contract.features)
    parts = [
        f"# {contract.name}",
        f"Predicts the probability that `{contract.target}` is `{contract.positive}`; the decision"
        f" is positive from {metadata['threshold']:.4f}, where F1 on validation rows is highest.",
        "## Inputs",
        f"{features}. Days and hours are counted in {contract.timezone}.",
        "Left out on purpose:\n\n" + "\n".join(excluded) if excluded else "",
        "## Data",
        f"Dataset `{metadata['dataset']}`, contract `{metadata['contract'][:12]}`.",
        _table(
            ["split", "rows", "positive"],
            [[n, f"{s['rows']:,}", f"{s['positive_rate']:.1%}"] for n, s in splits.items()],
        ),
        "## Quality on the test rows",
        f"Brackets hold {evaluation.confidence:.0%} intervals from a bootstrap over"
        f" {evaluation.n_blocks} {'days' if contract.time else 'rows'}.",
        _table(
            ["", *METRICS],
            [
                [n, *(str(evaluation.interval(n, m)) for m in METRICS)]
                for n in (MODEL, LINEAR, DUMMY)
            ],
        ),
        "## Where it is better and worse",
        _slice_table(slices),
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


def _slice_table(slices: Sequence[Slice]) -> str:
    if not slices:
        return "No column is marked `slice: true`, or no value has enough rows."
    header = ["column", "value", "rows", "AUC", "log loss", "positive", "predicted"]
    rows = [
        [
            s.column,
            s.value,
            f"{s.rows:,}",
            f"{s.auc:.3f}",
            f"{s.log_loss:.3f}",
            f"{s.positive_rate:.1%}",
            f"{s.mean_probability:.1%}",
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
