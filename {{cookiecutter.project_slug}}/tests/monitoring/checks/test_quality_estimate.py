from pathlib import Path

import numpy as np
import pytest

from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.models.bundle import Bundle
from {{ cookiecutter.__package }}.models.metrics import Draws
from {{ cookiecutter.__package }}.models.tasks import task_of
from {{ cookiecutter.__package }}.monitoring.checks import quality_estimate
from {{ cookiecutter.__package }}.monitoring.finding import Finding
from {{ cookiecutter.__package }}.monitoring.read_log import Served

from ...conftest import shop_of
from .windows import Floats, bundle_of, draw, one, served_of, window_of

TESTED = {"auc": (0.80, 0.82, 0.84)}


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory, shop: Contract) -> Bundle:
    return bundle_of(tmp_path_factory.mktemp("model"), shop, TESTED)


def judge(bundle: Bundle, served: Served) -> list[Finding]:
    settings = {quality_estimate.KIND: quality_estimate.QualityEstimateConfig()}
    return quality_estimate.judge(window_of(bundle, served, settings=settings))


def expected(outputs: Floats) -> dict[str, float]:
    found = quality_estimate.expected(outputs, Draws.once(len(outputs)))
    return {name: float(values[0]) for name, values in found.items()}


def measured(labels: Floats, outputs: Floats) -> dict[str, float]:
    task = task_of(shop_of("binary" if outputs.ndim == 1 else "multiclass"))
    return task.scores(labels, outputs).all()


def test_what_is_expected_is_what_comes_true_of_true_probabilities() -> None:
    chance, labels = draw(np.random.default_rng(0), 200_000)
    came = measured(labels, chance)
    for name, value in expected(chance).items():
        assert value == pytest.approx(came[name], abs=0.004)


def test_of_several_labels_too() -> None:
    random = np.random.default_rng(1)
    chances = random.dirichlet([0.5, 1.0, 1.5], 50_000)
    labels = (chances.cumsum(1) < random.random((50_000, 1))).sum(1).astype(np.float64)
    came, found = measured(labels, chances), expected(chances)
    assert set(found) == {"auc", "log_loss", "accuracy"}
    for name, value in found.items():
        assert value == pytest.approx(came[name], abs=0.008)


def test_answers_that_tell_rows_apart_less_are_a_breach_before_any_label(bundle: Bundle) -> None:
    unknown, found = np.full(4_000, np.nan), []
    for slope in (2.0, 0.8):
        chance, _ = draw(np.random.default_rng(2), 4_000, slope)
        found.append(one(judge(bundle, served_of(bundle.contract, chance, unknown)), "auc"))
    assert [f.breach for f in found] == [False, True]
    assert [f.measure for f in found] == ["expected_auc"] * 2
    assert found[0].limit == pytest.approx(0.75)


def test_values_have_no_expected_quality_and_few_rows_no_judgement(
    tmp_path: Path, bundle: Bundle
) -> None:
    contract = shop_of("regression")
    values = bundle_of(tmp_path, contract, {})
    served = served_of(contract, np.arange(500.0), np.full(500, np.nan))
    assert judge(values, served) == []
    few = served_of(bundle.contract, np.full(99, 0.5), np.full(99, np.nan))
    assert judge(bundle, few) == []


@pytest.mark.slow
@pytest.mark.parametrize("centre", [-1.5, -0.75, 0.0, 0.75, 1.5])
def test_under_covariate_shift_the_expected_auc_is_within_two_hundredths(centre: float) -> None:
    for seed in range(20):
        random = np.random.default_rng(seed)
        chance = 1 / (1 + np.exp(0.5 - 1.5 * random.normal(centre, 1.0, 20_000)))
        labels = (random.random(20_000) < chance).astype(np.float64)
        assert expected(chance)["auc"] == pytest.approx(measured(labels, chance)["auc"], abs=0.02)
