"""The checks of core: on one window together, and of quality and calibration one by one."""

from dataclasses import replace
from math import isfinite
from pathlib import Path

import numpy as np
import pytest

from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.models.bundle import Bundle
from {{ cookiecutter.__package }}.monitoring import checks
from {{ cookiecutter.__package }}.monitoring.checks.quality import judge
from {{ cookiecutter.__package }}.monitoring.finding import DRIFT, Finding

from ...conftest import shop_of
from .windows import DAY_S, DAYS, FIRST_S, Floats, bundle_of, draw, one, served_of, window_of

TESTED = {"auc": (0.80, 0.82, 0.84)}


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory, shop: Contract) -> Bundle:
    return bundle_of(tmp_path_factory.mktemp("model"), shop, TESTED)


def judged(bundle: Bundle, outputs: Floats, labels: Floats) -> list[Finding]:
    """The findings in a week of these predictions and labels."""
    findings = judge(window_of(bundle, served_of(bundle.contract, outputs, labels)))
    return [finding for finding in findings if isfinite(finding.value)]


def test_every_metric_has_an_interval_and_one_is_judged(bundle: Bundle) -> None:
    findings = judged(bundle, *draw(np.random.default_rng(0), 4_000))
    assert [f.subject for f in findings] == ["labels", *bundle.task.metrics, "mean"]
    for finding in findings[1:]:
        assert finding.low is not None
        assert finding.high is not None
        assert finding.low < finding.value < finding.high
    auc = one(findings, "auc")
    assert auc.limit == pytest.approx(0.75)
    assert (auc.breach, auc.rows) == (False, 4_000)
    assert {f.subject for f in findings if f.limit is not None} == {"auc", "mean"}


def test_predictions_that_say_less_are_a_breach_and_worse_than_none_a_sudden_one(
    bundle: Bundle,
) -> None:
    random = np.random.default_rng(1)
    chance, labels = draw(random, 4_000)
    guessed = one(judged(bundle, random.random(4_000), labels), "auc")
    turned = one(judged(bundle, 1 - chance, labels), "auc")
    assert (guessed.breach, guessed.sudden, turned.breach) == (True, "", True)
    assert "learned nothing" in turned.sudden


def test_labels_that_are_still_to_come_are_waited_for_unless_nearly_all_are_there(
    bundle: Bundle,
) -> None:
    chance, labels = draw(np.random.default_rng(2), 2_000)
    end, delay = FIRST_S + DAYS * DAY_S - 3_600, DAY_S  # Paris is an hour ahead
    half = np.where(np.arange(2_000) % 2, labels, np.nan)
    for now, known, expected in (
        (end + delay - 1, half, False),
        (end + delay, half, True),
        (end, labels, True),
        (None, half, False),
        (None, labels, True),
    ):
        findings = judge(window_of(bundle, served_of(bundle.contract, chance, known), newest_s=now))
        assert (len(findings) > 1) is expected
        assert (findings[0].measure, findings[0].value) == ("coverage", 0.5 if known is half else 1)
    few = judged(bundle, np.full(90, 0.5), np.r_[np.zeros(50), np.ones(40)])
    assert [finding.subject for finding in few] == ["labels"]


def alarms(bundle: Bundle, n: int, noise: float, seeds: int) -> int:
    """Breaches in weeks of n rows whose AUC is about 0.82, or less with noise in the scores."""
    breaches = 0
    for seed in range(seeds):
        random = np.random.default_rng(seed)
        chance, labels = draw(random, n)
        scores = 1 / (1 + np.exp(-(np.log(chance / (1 - chance)) + noise * random.normal(size=n))))
        breaches += one(judged(bundle, scores, labels), "auc").breach
    return breaches


SLOWLY = [pytest.param(n, 100, 2, marks=pytest.mark.slow) for n in (100, 300, 1_000, 5_000)]


@pytest.mark.parametrize(("n", "weeks", "most"), [(300, 10, 1), *SLOWLY])
def test_a_week_as_good_as_ever_is_calm_whatever_its_size_and_one_that_fell_is_not(
    bundle: Bundle, n: int, weeks: int, most: int
) -> None:
    """At most one calm week of fifty breaches."""
    assert alarms(bundle, n, 0.0, weeks) <= most
    assert alarms(bundle, 4_000, 3.0, 2) == 2


def test_probabilities_that_come_true_are_calm_in_small_windows_too_and_others_breach(
    bundle: Bundle,
) -> None:
    for n in (300, 5_000):
        weeks = (draw(np.random.default_rng(seed), n) for seed in range(10))
        assert sum(one(judged(bundle, *week), "mean").breach for week in weeks) <= 1
    for off in (0.15, -0.15):
        chance, labels = draw(np.random.default_rng(0), 5_000)
        mean = one(judged(bundle, np.clip(chance + off, 0, 1), labels), "mean")
        assert mean.breach
        assert mean.value == pytest.approx(off, abs=0.03)
        assert mean.limit == pytest.approx(np.copysign(0.05, off))


@pytest.mark.parametrize(
    ("low", "high", "n_rows", "off", "breach"),
    [
        (0.14, 0.16, 5_000, 0.15, False),  # it was off on the test rows already
        (0.14, 0.16, 5_000, 0.0, False),
        (0.14, 0.16, 5_000, 0.3, True),
        (-0.03, 0.23, 100, 0.0, False),  # few test rows and a small window
    ],
)
def test_a_mean_is_judged_against_its_interval_on_the_test_rows(
    tmp_path: Path, shop: Contract, low: float, high: float, n_rows: int, off: float, breach: bool
) -> None:
    bias = {"value": (low + high) / 2, "low": low, "high": high}
    bundle = bundle_of(tmp_path, shop, TESTED, {"bias": bias})
    for seed in range(10):
        chance, labels = draw(np.random.default_rng(seed), n_rows)
        assert one(judged(bundle, np.minimum(chance + off, 1), labels), "mean").breach == breach


def test_values_that_are_all_too_high_breach_by_a_share_of_their_usual_error(
    tmp_path: Path,
) -> None:
    contract, random = shop_of("regression"), np.random.default_rng(2)
    bundle = bundle_of(tmp_path, contract, {"r2": (0.7, 0.75, 0.8), "rmse": (9.0, 10.0, 11.0)})
    labels = random.normal(100, 20, 4_000)
    values = labels + random.normal(0, 10, 4_000)
    for added, breach in ((0.0, False), (3.0, True)):
        mean = one(judged(bundle, values + added, labels), "mean")
        assert mean.value == pytest.approx(added, abs=0.7)
        assert mean.limit == pytest.approx(np.copysign(0.5, mean.value))
        assert mean.breach is breach


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_a_window_whose_labels_are_all_of_one_class_is_judged_by_what_can_be(
    tmp_path: Path, task: str
) -> None:
    contract, random = shop_of(task), np.random.default_rng(0)
    bundle = bundle_of(tmp_path, contract, {"auc": (0.6, 0.7, 0.8), "rmse": (0.9, 1.0, 1.1)})
    outputs = random.normal(8, 1, 300) if task == "regression" else random.uniform(0.2, 0.7, 300)
    if task == "multiclass":
        outputs = np.full((300, 3), 0.1)
        outputs[:, 1] = 0.8
    findings = judged(bundle, outputs, np.zeros(300))
    assert bundle.task.main not in {f.subject for f in findings}
    assert task == "regression" or "log_loss" in {f.subject for f in findings}
    assert one(findings, "mean").breach


def test_every_check_judges_and_a_kind_that_is_off_is_left_out(bundle: Bundle) -> None:
    chance, labels = draw(np.random.default_rng(3), 500)
    contract, span = bundle.contract, {"first": "2023-01-01", "last": "2023-12-31"}
    bundle = replace(bundle, metadata={**bundle.metadata, "span": span})
    others = served_of(contract, chance, labels)
    served = served_of(contract, bundle.predict(others.inputs(contract)), labels)
    found = {f.kind: f for f in checks.judge(window_of(bundle, served))}
    assert found.keys() == {*DRIFT, "quality", "calibration", "staleness", "parity"}
    assert found["staleness"].value == 7, "days to the window's end"
    assert not found["staleness"].breach
    assert not found["parity"].breach
    off = {"quality": {"enabled": False}, "staleness": {"threshold": 6}}
    changed = {f.kind: f for f in checks.judge(window_of(bundle, others, config=off))}
    assert found.keys() - changed.keys() == {"quality"}
    assert changed["staleness"].breach
    assert changed["parity"].breach
    assert "500 of 500 logged predictions differ from" in changed["parity"].sudden
