"""Which candidates are taken, and that a blend of them is one model and one graph."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from {{ cookiecutter.__package }}.config import ModelConfig, TrainConfig
from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.models.bundle import open_session, predict
from {{ cookiecutter.__package }}.models.graph import export
from {{ cookiecutter.__package }}.models.intervals import Bootstrap
from {{ cookiecutter.__package }}.models.program import Program
from {{ cookiecutter.__package }}.models.tasks import Outputs, task_of
from {{ cookiecutter.__package }}.training import race as racing
from {{ cookiecutter.__package }}.training.choice import choose, pool, select

from ..conftest import TASKS, shop_of
from ..models.test_graph import adversarial
from .conftest import rows_of

N = 4_000
BOOTSTRAP = Bootstrap(block=np.arange(N), unit="rows", resamples=200, confidence=0.95, seed=0)
pytestmark = pytest.mark.usefixtures("no_features")


def labels_and_outputs(contract: Contract, *noise: float) -> tuple[Outputs, dict[str, Outputs]]:
    """Labels, and of each size of noise somebody who knows their log-odds, or value, but for it."""
    random = np.random.default_rng(0)
    width = len(contract.labels or ()) or 1
    truth = random.normal(size=(N, width)) * 2
    known = [truth + random.normal(size=truth.shape) * size for size in noise]
    names = [f"noise {size} ({number})" for number, size in enumerate(noise)]
    if contract.task == "regression":
        return truth[:, 0], {name: one[:, 0] for name, one in zip(names, known, strict=True)}
    if contract.task == "binary":
        labels = (random.random(N) < 1 / (1 + np.exp(-truth[:, 0]))).astype(float)
        values = [1 / (1 + np.exp(-one[:, 0])) for one in known]
    else:
        labels = (truth + random.gumbel(size=truth.shape)).argmax(1).astype(float)
        values = [np.exp(one) / np.exp(one).sum(1, keepdims=True) for one in known]
    return labels, dict(zip(names, values, strict=True))


def test_faults_that_cancel_out_are_blended_and_the_worst_stays_out(any_shop: Contract) -> None:
    task = task_of(any_shop)
    labels, outputs = labels_and_outputs(any_shop, 1.0, 1.0, 9.0)
    weights = choose(task, labels, outputs, BOOTSTRAP, 3)
    assert {*weights} == {*list(outputs)[:2]}
    assert weights == pytest.approx(dict.fromkeys(weights, 0.5), abs=0.15)
    blended = task.losses(labels, pool(task, outputs, weights)).mean()
    assert blended < 0.95 * min(task.losses(labels, one).mean() for one in outputs.values())


def test_at_most_so_many_are_blended_and_none_is_where_none_gains(shop: Contract) -> None:
    task = task_of(shop)
    labels, outputs = labels_and_outputs(shop, 1.0, 1.0, 1.0, 1.0)
    assert [len(select(task, labels, outputs, most)) for most in (1, 2, 3)] == [1, 2, 3]
    first = next(iter(outputs.values()))
    same = {"simple": first, "other": first}
    assert choose(task, labels, same, BOOTSTRAP, 3) == {"simple": 1.0}
    one_day = replace(BOOTSTRAP, block=np.zeros(N, np.int64))
    assert len(choose(task, labels, outputs, one_day, 3)) == 1  # nothing is known of the error


@pytest.mark.parametrize(
    "name",
    ["binary", *(pytest.param(task, marks=pytest.mark.slow) for task in TASKS if task != "binary")],
)
def test_a_blend_is_one_graph_that_answers_as_its_members_do_together(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    weights = {"linear": 0.5, "few": 0.3, "many": 0.15, "mlp": 0.05}
    trees = {"few": 5, "many": 20}
    kinds = {
        n: ModelConfig.model_validate({"kind": "lightgbm", "trees": k}) for n, k in trees.items()
    }
    kinds |= {n: ModelConfig(kind=n) for n in ("linear", "mlp")}
    monkeypatch.setattr(racing, "CANDIDATES", kinds)
    monkeypatch.setattr(racing, "choose", lambda *_: weights)
    contract = shop_of(name)
    task, held_out = task_of(contract), rows_of(contract, 800, seed=1)
    settings = TrainConfig(epochs=1, folds_below_rows=0)
    winner, linear = racing.race(settings, rows_of(contract, 1_600), held_out)
    members = (winner.choice.model_extra or {})["members"]
    assert winner.choice.kind == "blend"
    assert {one["name"]: one["weight"] for one in members} == weights
    assert [one["trees"] for one in members if one["kind"] == "lightgbm"] == [5, 20]
    assert linear.choice.kind == "linear"
    graph = export(winner.program, held_out.inputs[:16]).SerializeToString()
    assert export(winner.program, held_out.inputs[16:40]).SerializeToString() == graph
    session = open_session(graph)
    for inputs in (held_out.inputs, held_out.inputs[:1], adversarial(contract)):
        expected = winner.program.predict(inputs)
        assert task.parity_errors(expected, predict(session, inputs, task)).max() <= 1
    bodies: Any = winner.program.body.bodies
    programs = {
        member: Program(contract, winner.program.preprocess, body, winner.program.head).eval()
        for member, body in zip(weights, bodies, strict=True)
    }
    alone = {member: one.predict(held_out.inputs) for member, one in programs.items()}
    together = winner.program.predict(held_out.inputs)
    # To pool, no probability is nearer to 0 or 1 than 1e-7; the graph has no such limit.
    sure = [abs(one.reshape(len(one), -1) - 0.5).max(1) > 0.5 - 1e-6 for one in alone.values()]
    open_rows = ~np.any(sure, 0) | (name == "regression")
    assert open_rows.mean() > 0.5
    pooled = pool(task, alone, weights)[open_rows]
    assert task.parity_errors(pooled, together[open_rows]).max() <= 2
    assert np.array_equal(alone["linear"], linear.program.predict(held_out.inputs))
