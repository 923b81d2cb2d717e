from pathlib import Path

import numpy as np
import pytest

from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.models.bundle import Bundle
from {{ cookiecutter.__package }}.monitoring.checks import calibration

from ...conftest import shop_of
from .windows import bundle_of, draw, one, seen_of, served_of

TESTED = {"auc": (0.80, 0.82, 0.84), "ece": (0.005, 0.01, 0.02)}


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory, shop: Contract) -> Bundle:
    return bundle_of(tmp_path_factory.mktemp("model"), shop, TESTED)


@pytest.mark.parametrize("n", [300, 5_000])
def test_probabilities_that_come_true_are_calm_in_small_windows_too(bundle: Bundle, n: int) -> None:
    breaches = []
    for seed in range(10):
        chance, labels = draw(np.random.default_rng(seed), n)
        found = calibration.judge(seen_of(bundle, served_of(bundle.contract, chance, labels)))
        assert {f.subject for f in found} == {"mean", "ece"}
        breaches += [f for f in found if f.breach]
    assert len(breaches) <= 2  # of twenty


def test_what_noise_adds_to_the_calibration_error_is_taken_off(bundle: Bundle) -> None:
    raw, clean = [], []
    for seed in range(10):
        chance, labels = draw(np.random.default_rng(seed), 400)
        raw.append(bundle.task.scores(labels, chance).all()["ece"])
        seen = seen_of(bundle, served_of(bundle.contract, chance, labels))
        clean.append(one(calibration.judge(seen), "ece").value)
    assert np.mean(raw) > 0.04
    assert np.mean(clean) < 0.6 * np.mean(raw)


def test_promises_that_are_too_high_are_a_breach_of_both(bundle: Bundle) -> None:
    chance, labels = draw(np.random.default_rng(0), 5_000)
    boast = np.minimum(chance + 0.15, 1)
    found = calibration.judge(seen_of(bundle, served_of(bundle.contract, boast, labels)))
    mean, error = one(found, "mean"), one(found, "ece")
    assert mean.breach
    assert error.breach
    assert mean.value == pytest.approx(0.15, abs=0.02)
    assert mean.limit == pytest.approx(0.05)
    assert error.limit == pytest.approx(0.07)
    modest = np.maximum(chance - 0.15, 0)
    (mean,) = (
        f
        for f in calibration.judge(seen_of(bundle, served_of(bundle.contract, modest, labels)))
        if f.subject == "mean"
    )
    assert mean.breach
    assert mean.limit == pytest.approx(-0.05)


def test_what_was_off_on_the_test_rows_already_is_ordinary(tmp_path: Path, shop: Contract) -> None:
    bins = [{"rows": 100, "predicted": 0.5, "observed": {"value": 0.35}}]
    tested = {**TESTED, "ece": (0.1, 0.15, 0.16)}
    bundle = bundle_of(tmp_path, shop, tested, {"calibration": bins})
    chance, labels = draw(np.random.default_rng(1), 5_000)
    boast = np.minimum(chance + 0.15, 1)
    found = calibration.judge(seen_of(bundle, served_of(shop, boast, labels)))
    assert not any(f.breach for f in found)
    true = calibration.judge(seen_of(bundle, served_of(shop, chance, labels)))
    assert [f.subject for f in true if f.breach] == ["mean"]


def test_values_that_are_all_too_high_breach_by_a_share_of_their_usual_error(
    tmp_path: Path,
) -> None:
    contract, random = shop_of("regression"), np.random.default_rng(2)
    bundle = bundle_of(tmp_path, contract, {"r2": (0.7, 0.75, 0.8), "rmse": (9.0, 10.0, 11.0)})
    labels = random.normal(100, 20, 4_000)
    values = labels + random.normal(0, 10, 4_000)
    for added, breach in ((0.0, False), (3.0, True)):
        seen = seen_of(bundle, served_of(contract, values + added, labels))
        (found,) = calibration.judge(seen)
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
    found = calibration.judge(seen_of(bundle, served_of(contract, sure, labels)))
    assert [f.breach for f in found] == [True, True]
    assert one(found, "mean").value == pytest.approx(0.8 - 0.5 - 0.5 / 3, abs=0.03)
