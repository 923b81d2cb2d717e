from pathlib import Path

import numpy as np
import pytest

from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.models.bundle import Bundle
from {{ cookiecutter.__package }}.monitoring import quality
from {{ cookiecutter.__package }}.monitoring.finding import Finding
from {{ cookiecutter.__package }}.monitoring.window import Window

from ...conftest import shop_of
from .windows import DAY_S, DAYS, FIRST_S, bundle_of, draw, one, served_of, window_of

TESTED = {"auc": (0.80, 0.82, 0.84), "ece": (0.0, 0.01, 0.02)}
WEB = {"column": "channel", "value": "web", "metrics": {"auc": {"low": 0.80, "high": 0.84}}}


def judge(window: Window) -> list[Finding]:
    """What is found of quality."""
    return [f for f in quality.judge(window) if f.kind == "quality"]


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory, shop: Contract) -> Bundle:
    return bundle_of(tmp_path_factory.mktemp("model"), shop, TESTED, {"slices": [WEB]})


def test_every_metric_is_found_with_an_interval_and_one_is_judged(bundle: Bundle) -> None:
    chance, labels = draw(np.random.default_rng(0), 4_000)
    found = judge(window_of(bundle, served_of(bundle.contract, chance, labels)))
    whole = [f for f in found if not f.part]
    assert [f.subject for f in whole] == ["labels", *bundle.task.metrics]
    for finding in whole[1:]:
        assert finding.low is not None
        assert finding.high is not None
        assert finding.low < finding.value < finding.high
    auc = one(found, "auc")
    assert auc.limit == pytest.approx(0.75)
    assert (auc.breach, auc.rows) == (False, 4_000)
    assert {f.limit for f in whole if f.subject != "auc"} == {None}


def test_answers_that_tell_less_than_they_did_are_a_breach_and_worse_than_none_a_sudden_one(
    bundle: Bundle,
) -> None:
    random = np.random.default_rng(1)
    chance, labels = draw(random, 4_000)
    guessed = one(
        judge(window_of(bundle, served_of(bundle.contract, random.random(4_000), labels))),
        "auc",
    )
    turned = one(judge(window_of(bundle, served_of(bundle.contract, 1 - chance, labels))), "auc")
    assert (guessed.breach, guessed.sudden) == (True, "")
    assert turned.breach
    assert "learned nothing" in turned.sudden


def test_labels_that_are_still_to_come_are_waited_for_unless_nearly_all_are_there(
    bundle: Bundle,
) -> None:
    chance, labels = draw(np.random.default_rng(2), 2_000)
    end, delay = FIRST_S + DAYS * DAY_S - 3_600, DAY_S  # Paris is an hour ahead
    half = np.where(np.arange(2_000) % 2, labels, np.nan)
    for now, outcomes, judged in (
        (end + delay - 1, half, False),
        (end + delay, half, True),
        (end, labels, True),
        (None, half, False),
        (None, labels, True),
    ):
        served = served_of(bundle.contract, chance, outcomes)
        found = judge(window_of(bundle, served, newest_s=now))
        assert (len(found) > 1) is judged
        share = 0.5 if outcomes is half else 1.0
        assert (found[0].measure, found[0].value, found[0].rows) == ("coverage", share, 2_000)


def test_few_labels_are_not_judged(bundle: Bundle) -> None:
    labels = np.r_[np.zeros(50), np.ones(40)]
    served = served_of(bundle.contract, np.full(len(labels), 0.5), labels)
    assert [f.subject for f in judge(window_of(bundle, served))] == ["labels"]


def test_a_slice_is_judged_against_the_same_slice_of_the_test_rows(bundle: Bundle) -> None:
    random = np.random.default_rng(3)
    chance, labels = draw(random, 6_000)
    channel = random.choice(["web", "store", "rare"], 6_000, p=[0.495, 0.495, 0.01])
    guesses = np.where(channel == "rare", chance, random.random(6_000))
    served = served_of(bundle.contract, guesses, labels, channel=channel)
    found = judge(window_of(bundle, served))
    web, store = (one(found, "auc", f"channel = {name}") for name in ("web", "store"))
    assert web.breach
    assert web.limit == pytest.approx(0.75)
    assert web.rows == (channel == "web").sum()
    assert (store.breach, store.limit) == (False, None)  # unknown on the test rows
    assert not [f for f in found if "rare" in f.part]


def test_numbers_and_truths_are_judged_in_the_ranges_of_the_test_rows(tmp_path: Path) -> None:
    marked = shop_of("binary").model_dump(mode="json")
    for name in ("price", "gift"):
        marked["columns"][name]["slice"] = True
    contract = Contract.model_validate(marked)
    dear = {"column": "price", "value": "(20, inf)", "metrics": {"auc": {"low": 0.8, "high": 0.84}}}
    evaluation = {"slices": [dear], "cuts": {"price": [10, 20]}}
    bundle = bundle_of(tmp_path, contract, TESTED, evaluation)
    random = np.random.default_rng(5)
    chance, labels = draw(random, 6_000)
    price, gift = random.choice([5.0, 20.0, 500.0], 6_000), random.random(6_000) < 0.5
    guesses = np.where(price > 20, random.random(6_000), chance)
    served = served_of(contract, guesses, labels, price=price, gift=gift)

    found = judge(window_of(bundle, served))

    assert {f.part for f in found if f.breach and f.part} == {"price = (20, inf)"}
    assert one(found, "auc", "price = (10, 20]").rows == (price == 20).sum()
    assert one(found, "auc", "gift = true").rows == gift.sum()
    older = bundle_of(tmp_path / "older", contract, TESTED, {"slices": [dear]})
    parts = {f.part.partition(" = ")[0] for f in judge(window_of(older, served))}
    assert parts == {"", "channel", "gift"}


@pytest.mark.parametrize("task", ["multiclass", "regression"])
def test_other_tasks_are_judged_by_their_own_metric(tmp_path: Path, task: str) -> None:
    contract, random = shop_of(task), np.random.default_rng(4)
    tested = {"auc": (0.95, 0.96, 0.97), "r2": (0.7, 0.75, 0.8)}
    bundle = bundle_of(tmp_path, contract, tested)
    if task == "multiclass":
        labels = random.integers(3, size=2_000).astype(np.float64)
        right = 0.1 + 0.7 * np.eye(3)[labels.astype(int)]
        wrong = right[:, [1, 2, 0]]
    else:
        labels = random.normal(100, 20, 2_000)
        right, wrong = labels + random.normal(0, 8, 2_000), 200 - labels
    good, bad = (
        one(judge(window_of(bundle, served_of(contract, outputs, labels))), bundle.task.main)
        for outputs in (right, wrong)
    )
    assert (good.breach, bad.breach) == (False, True)


def alarms(bundle: Bundle, n: int, noise: float, seeds: int) -> int:
    """Breaches in weeks of n rows whose AUC is about 0.82, or less with noise in the scores."""
    breaches = 0
    for seed in range(seeds):
        random = np.random.default_rng(seed)
        chance, labels = draw(random, n)
        scores = 1 / (1 + np.exp(-(np.log(chance / (1 - chance)) + noise * random.normal(size=n))))
        window = window_of(bundle, served_of(bundle.contract, scores, labels))
        breaches += one(judge(window), "auc").breach
    return breaches


def test_a_small_week_as_good_as_ever_is_calm_and_a_large_one_that_fell_is_not(
    bundle: Bundle,
) -> None:
    assert alarms(bundle, 300, 0.0, 10) <= 1
    assert alarms(bundle, 4_000, 3.0, 2) == 2


@pytest.mark.slow
@pytest.mark.parametrize("n", [100, 300, 1_000, 5_000])
def test_at_most_one_calm_week_of_fifty_breaches_whatever_its_size(bundle: Bundle, n: int) -> None:
    assert alarms(bundle, n, 0.0, 100) <= 2
