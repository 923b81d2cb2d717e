from pathlib import Path

import numpy as np
import pytest

from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.models.bundle import Bundle
from {{ cookiecutter.__package }}.monitoring import quality
from {{ cookiecutter.__package }}.monitoring.finding import Finding
from {{ cookiecutter.__package }}.monitoring.window import Window

from ...conftest import shop_of
from .windows import bundle_of, draw, one, served_of, window_of

TESTED = {"auc": (0.80, 0.82, 0.84), "ece": (0.005, 0.01, 0.02)}


def judge(window: Window) -> list[Finding]:
    """What is found of calibration."""
    return [f for f in quality.judge(window) if f.kind == "calibration"]


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory, shop: Contract) -> Bundle:
    return bundle_of(tmp_path_factory.mktemp("model"), shop, TESTED)


@pytest.mark.parametrize("n", [300, 5_000])
def test_probabilities_that_come_true_are_calm_in_small_windows_too(bundle: Bundle, n: int) -> None:
    breaches = []
    for seed in range(10):
        chance, labels = draw(np.random.default_rng(seed), n)
        found = judge(window_of(bundle, served_of(bundle.contract, chance, labels)))
        assert {f.subject for f in found} == {"mean", "ece"}
        breaches += [f for f in found if f.breach]
    assert len(breaches) <= 2  # of twenty


def test_what_noise_adds_to_the_calibration_error_is_taken_off(bundle: Bundle) -> None:
    raw, clean = [], []
    for seed in range(10):
        chance, labels = draw(np.random.default_rng(seed), 400)
        raw.append(bundle.task.scores(labels, chance).all()["ece"])
        window = window_of(bundle, served_of(bundle.contract, chance, labels))
        clean.append(one(judge(window), "ece").value)
    assert np.mean(raw) > 0.04
    assert np.mean(clean) < 0.6 * np.mean(raw)


def test_promises_that_are_too_high_are_a_breach_of_both(bundle: Bundle) -> None:
    chance, labels = draw(np.random.default_rng(0), 5_000)
    boast = np.minimum(chance + 0.15, 1)
    found = judge(window_of(bundle, served_of(bundle.contract, boast, labels)))
    mean, error = one(found, "mean"), one(found, "ece")
    assert mean.breach
    assert error.breach
    assert mean.value == pytest.approx(0.15, abs=0.02)
    assert mean.limit == pytest.approx(0.05)
    assert error.limit == pytest.approx(0.07)
    modest = np.maximum(chance - 0.15, 0)
    (mean,) = (
        f
        for f in judge(window_of(bundle, served_of(bundle.contract, modest, labels)))
        if f.subject == "mean"
    )
    assert mean.breach
    assert mean.limit == pytest.approx(-0.05)


def test_neither_what_was_off_on_the_test_rows_already_nor_what_is_not_off_is_a_breach(
    tmp_path: Path, shop: Contract
) -> None:
    bins = [{"rows": 100, "predicted": 0.5, "observed": {"value": 0.35, "low": 0.34, "high": 0.36}}]
    tested = {**TESTED, "ece": (0.1, 0.15, 0.16)}
    bundle = bundle_of(tmp_path, shop, tested, {"calibration": bins})
    chance, labels = draw(np.random.default_rng(1), 5_000)
    boast = np.minimum(chance + 0.15, 1)
    found = judge(window_of(bundle, served_of(shop, boast, labels)))
    assert not any(f.breach for f in found)
    true = judge(window_of(bundle, served_of(shop, chance, labels)))
    assert not any(f.breach for f in true)
    more = judge(window_of(bundle, served_of(shop, np.minimum(chance + 0.3, 1), labels)))
    assert [f.subject for f in more if f.breach] == ["mean", "ece"]


def test_values_that_are_all_too_high_breach_by_a_share_of_their_usual_error(
    tmp_path: Path,
) -> None:
    contract, random = shop_of("regression"), np.random.default_rng(2)
    bundle = bundle_of(tmp_path, contract, {"r2": (0.7, 0.75, 0.8), "rmse": (9.0, 10.0, 11.0)})
    labels = random.normal(100, 20, 4_000)
    values = labels + random.normal(0, 10, 4_000)
    for added, breach in ((0.0, False), (3.0, True)):
        window = window_of(bundle, served_of(contract, values + added, labels))
        (found,) = judge(window)
        assert found.value == pytest.approx(added, abs=0.7)
        assert found.limit == pytest.approx(np.copysign(0.5, found.value))
        assert found.breach is breach


def test_of_several_labels_the_decisions_confidence_is_compared_with_their_hits(
    tmp_path: Path,
) -> None:
    contract, random = shop_of("multiclass"), np.random.default_rng(3)
    bundle = bundle_of(tmp_path, contract, {"auc": (0.6, 0.7, 0.8), "ece": (0.0, 0.01, 0.02)})
    sure = np.full((4_000, 3), 0.1)
    sure[:, 1] = 0.8
    labels = np.where(random.random(4_000) < 0.5, 1.0, random.integers(3, size=4_000))
    found = judge(window_of(bundle, served_of(contract, sure, labels)))
    assert [f.breach for f in found] == [True, True]
    assert one(found, "mean").value == pytest.approx(0.8 - 0.5 - 0.5 / 3, abs=0.03)


def test_a_calm_window_beside_a_small_test_span_is_no_breach(
    tmp_path: Path, shop: Contract
) -> None:
    """On 60 test rows predictions were 0.1 too high, by chance; on 100 rows that is over."""
    bins = [{"rows": 60, "predicted": 0.55, "observed": {"value": 0.45, "low": 0.32, "high": 0.58}}]
    bundle = bundle_of(tmp_path, shop, TESTED, {"calibration": bins})
    breaches = 0
    for seed in range(40):
        chance, labels = draw(np.random.default_rng(seed), 100)
        found = judge(window_of(bundle, served_of(shop, chance, labels)))
        breaches += one(found, "mean").breach
    assert breaches == 0


def test_a_window_whose_labels_are_all_of_one_class_is_judged_by_what_can_be(
    bundle: Bundle,
) -> None:
    chance = np.random.default_rng(0).uniform(0.2, 0.7, 200)
    found = quality.judge(window_of(bundle, served_of(bundle.contract, chance, np.zeros(200))))
    assert "auc" not in {f.subject for f in found}
    assert {"log_loss", "brier"} <= {f.subject for f in found}
    mean = one(found, "mean")
    assert mean.breach
    assert mean.value == pytest.approx(0.45, abs=0.03)


@pytest.mark.parametrize("task", ["multiclass", "regression"])
def test_a_window_of_one_label_is_judged_in_each_task(tmp_path: Path, task: str) -> None:
    contract, random = shop_of(task), np.random.default_rng(0)
    tested = {"auc": (0.6, 0.7, 0.8), "ece": (0.0, 0.01, 0.02), "rmse": (0.9, 1.0, 1.1)}
    bundle = bundle_of(tmp_path, contract, tested)
    outputs = random.normal(8, 1, 300)
    if task == "multiclass":
        outputs = np.full((300, 3), 0.1)
        outputs[:, 1] = 0.8
    found = quality.judge(window_of(bundle, served_of(contract, outputs, np.zeros(300))))
    assert bundle.task.main not in {f.subject for f in found}
    assert one(found, "mean").breach
