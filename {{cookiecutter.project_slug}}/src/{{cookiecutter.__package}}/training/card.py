"""The model card: what a person must know before relying on the model, in Markdown.

Sections follow Mitchell et al., Model Cards for Model Reporting, 2019.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from ..contract import Contract
from ..data.dataset import split_text
from ..models.metrics import METRICS
from ..models.tasks import task_of
from ..pages import figures
from ..values import canonical_category

LIMITS = (
    "A value that training did not see is answered as an average one; a number beyond the training"
    " range as the nearest edge.",
    "Figures hold for rows like the test rows: watch drift and quality with make monitor.",
)
NO_INTENDED_USE = (
    "Nobody has said yet: write it as intended_use in configs/train.yaml, and train again."
)


def write_card(
    contract: Contract,
    metadata: Mapping[str, Any],
    record: Mapping[str, Any],
    splits: Mapping[str, dict[str, Any]],
) -> str:
    """The card as Markdown; ``record`` is the bundle's evaluation."""
    days = f" Days and hours are counted in {contract.timezone}." if contract.times else ""
    left_out = [f"- `{name}`: {why}" for name, why in excluded(contract)]
    names = list(record["metrics"]["model"])
    metrics = [[name, *map(_interval, row.values())] for name, row in record["metrics"].items()]
    sections = [
        f"# {contract.name}",
        purpose(contract, metadata),
        "## Intended use",
        intended_use(metadata),
        "## Inputs",
        ", ".join(f"`{name}`" for name in contract.features) + "." + days,
        "Left out on purpose:\n\n" + "\n".join(left_out) if left_out else "",
        "## Data",
        _table(["split", "rows"], [[name, split_text(split)] for name, split in splits.items()]),
        "## Quality on the test rows",
        f"Brackets hold {record['confidence']:.0%} intervals from a bootstrap over"
        f" {record['blocks']} {record['block']}.",
        _table(["", *(METRICS[name].title for name in names)], metrics),
        "## Where it is better and worse",
        _slices(record["slices"], task_of(contract).metrics[:2]),
        "## Limits",
        " ".join(limits(metadata)),
        "## Made by",
        "\n".join(f"- {key}: {text}" for key, text in origin(contract, metadata, record).items()),
    ]
    return "\n\n".join(section for section in sections if section) + "\n"


def purpose(contract: Contract, metadata: Mapping[str, Any]) -> str:
    """What is predicted, and from where on a decision is positive."""
    if contract.task == "binary":
        return (
            f"Predicts the probability that `{contract.target}` is"
            f" `{canonical_category(contract.positive)}`; the decision is positive from"
            f" {metadata['threshold']:.4f}, {metadata['threshold_why']}."
        )
    if contract.task == "multiclass":
        labels = ", ".join(f"`{label}`" for label in contract.labels or ())
        return f"Predicts which `{contract.target}` is likeliest, of {labels}."
    unit = contract.columns[contract.target].unit
    return f"Predicts the value of `{contract.target}`{f', in {unit}' if unit else ''}."


def intended_use(metadata: Mapping[str, Any]) -> str:
    """What the owner says the model is for."""
    return metadata["settings"].get("intended_use") or NO_INTENDED_USE


def limits(metadata: Mapping[str, Any]) -> Sequence[str]:
    """What not to expect of it: what the bundle's model says of itself, or what holds for ours."""
    return metadata["model"].get("limits") or LIMITS


def excluded(contract: Contract) -> list[tuple[str, str]]:
    """Columns that are left out on purpose, and why."""
    return [
        (name, column.why or "no reason given")
        for name, column in contract.columns.items()
        if contract.role(name) == "excluded"
    ]


def origin(
    contract: Contract, metadata: Mapping[str, Any], record: Mapping[str, Any]
) -> dict[str, str]:
    """What the model was made from, with what."""
    git = metadata["git"]
    dirty = " with uncommitted changes" if git["commit"] and git["dirty"] else ""
    return {
        "Kind": metadata["model"]["kind"],
        "Dataset": metadata["dataset"],
        "Contract": contract.hash[:12],
        "Git commit": f"{git['commit'] or 'none'}{dirty}",
        "Seed": str(metadata["seed"]),
        "Size": f"{record['size']['bytes'] / 1e6:.2f} MB",
        "Libraries": ", ".join(f"{name} {v}" for name, v in metadata["libraries"].items()),
    }


def _slices(slices: Sequence[Mapping[str, Any]], metrics: Sequence[str]) -> str:
    if not slices:
        return "No column is marked `slice: true`, or no value has enough rows."
    titles = [METRICS[name].title for name in metrics]
    rows = [
        [one["column"], one["value"], f"{one['rows']:,}"]
        + [_interval(one["metrics"][name]) for name in metrics]
        + [figures(one[key]) for key in ("observed", "predicted")]
        for one in slices
    ]
    return _table(["column", "value", "rows", *titles, "observed", "predicted"], rows)


def _interval(interval: Mapping[str, float | None]) -> str:
    value, low, high = (figures(interval[key]) for key in ("value", "low", "high"))
    return f"{value} [{low}, {high}]"


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(
        "| " + " | ".join(" ".join(cell.split()).replace("|", "\\|") for cell in line) + " |"
        for line in lines
    )
