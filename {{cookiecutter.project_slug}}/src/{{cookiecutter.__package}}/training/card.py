"""The model card: what a person must know before relying on the model, in Markdown.

Sections follow Mitchell et al., Model Cards for Model Reporting, 2019.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..contract import Contract
from ..data.dataset import split_text
from ..models.metrics import METRICS
from ..models.tasks import task_of
from ..pages import render
from ..values import canonical_category

TEMPLATE = Path(__file__).with_name("card.md")
LIMITS = (
    "A category that training did not see counts as an average one. A number outside the range of"
    " the training rows counts as the nearest number in it.",
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
    return render(
        TEMPLATE,
        contract=contract,
        record=record,
        titles={name: METRICS[name].title for name in task_of(contract).metrics},
        splits={name: split_text(split) for name, split in splits.items()},
        **describe(contract, metadata, record),
    )


def describe(
    contract: Contract, metadata: Mapping[str, Any], record: Mapping[str, Any]
) -> dict[str, Any]:
    """What cards and reports say of a model: purpose, use, limits, what is left out, and origin."""
    git, blended = metadata["git"], metadata["model"].get("members", ())
    members = [f"{one['weight']:.0%} {one['name']}" for one in blended]
    dirty = " with uncommitted changes" if git["commit"] and git["dirty"] else ""
    return {
        "purpose": " ".join(filter(None, (contract.description, _answer(contract, metadata)))),
        "use": metadata["settings"].get("intended_use") or NO_INTENDED_USE,
        "limits": LIMITS,
        "excluded": {
            name: column.why or "no reason given"
            for name, column in contract.columns.items()
            if contract.role(name) == "excluded"
        },
        "origin": {
            "Kind": metadata["model"]["kind"] + (f" of {', '.join(members)}" if members else ""),
            "Dataset": metadata["dataset"],
            "Contract": contract.hash[:12],
            "Git commit": f"{git['commit'] or 'none'}{dirty}",
            "Seed": str(metadata["seed"]),
            "Size": f"{record['size']['bytes'] / 1e6:.2f} MB",
            "Libraries": ", ".join(f"{name} {v}" for name, v in metadata["libraries"].items()),
        },
    }


def _answer(contract: Contract, metadata: Mapping[str, Any]) -> str:
    """What is predicted, and from where on a decision is positive."""
    if contract.task == "binary":
        return (
            f"The answer is the probability that {contract.target} is"
            f" {canonical_category(contract.positive)}; the decision is positive from"
            f" {metadata['threshold']:.4f}, {metadata['threshold_why']}."
        )
    if contract.task == "multiclass":
        labels = ", ".join(contract.labels or ())
        return f"The answer is the probability of each {contract.target}: {labels}."
    unit = contract.columns[contract.target].unit
    return f"The answer is the value of {contract.target}{f', in {unit}' if unit else ''}."
