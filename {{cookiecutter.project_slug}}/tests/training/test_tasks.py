"""A training of each task, from a dataset to a model that serves."""

import json

import pytest

from {{ cookiecutter.__package }}.models.profile import SCORE
from {{ cookiecutter.__package }}.training.card import (
    NO_INTENDED_USE,
    write_card,
)
from {{ cookiecutter.__package }}.training.gate import RULES

from ..conftest import LABELS, Workspace
from .conftest import rows_of

N_NEW = 1_000
CARDS = {
    "binary": ("the probability that returned is true; the decision is", "% true"),
    "multiclass": ("the probability of each returned: kept, exchanged, returned.", "| accuracy |"),
    "regression": ("the value of returned, in EUR.", "| | R² | RMSE | MAE |"),
}


def test_the_model_is_served_knows_rows_that_it_has_not_seen_and_its_files_are_strict(
    trained: Workspace,
) -> None:
    (version,) = trained.versions.all()
    names = [name for name in RULES if name != "better than champion"]
    assert [rule.name for rule in version.verdict] == names
    assert all(rule.measured and rule.limit for rule in version.verdict)
    assert version.passed
    assert trained.versions.served() == version
    (line,) = trained.versions.history()
    assert line["why"] == "the first model that passed the gate"

    bundle, rows = trained.bundle, rows_of(trained.contract, N_NEW, seed=99)
    outputs, task = bundle.predict(rows.inputs), bundle.task
    constant = task.constant(rows.labels, N_NEW)
    model, dummy = (task.scores(rows.labels, one).all() for one in (outputs, constant))
    assert model[task.main] > task.chance + 0.25
    assert model[task.loss] < dummy[task.loss] * 0.9
    metrics = bundle.metadata["metrics"]
    assert all(list(values) == list(task.metrics) for values in metrics.values())
    assert metrics["dummy"][task.main]["value"] == pytest.approx(task.chance, abs=0.02)

    (score,) = (one for one in bundle.profile["columns"] if one["name"] == SCORE)
    if trained.contract.task == "multiclass":
        assert score["kind"] == "category"
        assert set(score["values"]) == set(LABELS)
    else:
        assert (score["kind"], len(score["edges"])) == ("numeric", 9)
    for path in bundle.path.glob("*.json"):
        json.loads(path.read_text(), parse_constant=pytest.fail)


def test_the_card_says_what_a_person_must_know(trained: Workspace) -> None:
    bundle, contract = trained.bundle, trained.contract
    card = bundle.files["card.md"].decode()
    evaluation = json.loads((bundle.path / "evaluation.json").read_text())
    main, part = evaluation["metrics"]["model"][bundle.task.main], evaluation["slices"][0]
    for text in (
        "# shop\n",
        *CARDS[contract.task],
        f"## Intended use\n\n{NO_INTENDED_USE}\n",
        "`at`, `price`, `items`, `channel`, `city`, `gift`. Days and hours are counted in Europe/Paris.",
        "- `refund`: known only afterwards",
        "| train | 3,000 (",
        "95% intervals from a bootstrap over ",
        f"| model | {main['value']:.3f} [{main['low']:.3f}, {main['high']:.3f}] |",
        f"| {part['column']} | {part['value']} | {part['rows']} |",
        "- Kind: mlp",
        "- Dataset: synthetic",
    ):
        assert text in card

    part["value"] = "a|b\nc"
    metadata = bundle.metadata | {"settings": {"intended_use": "Only to plan returns."}}
    card = write_card(contract, metadata, evaluation, {})
    assert "## Intended use\n\nOnly to plan returns.\n" in card
    assert "| channel | a\\|b c | " in card
