"""A challenger compared with the champion, by windows of rows and through the log."""

import json
from pathlib import Path

import numpy as np
import pytest

from {{ cookiecutter.__package }}.config import CheckConfig
from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.models.bundle import Bundle
from {{ cookiecutter.__package }}.monitoring import checks, job
from {{ cookiecutter.__package }}.monitoring.checks import challenger
from {{ cookiecutter.__package }}.monitoring.finding import Finding
from {{ cookiecutter.__package }}.monitoring.read_log import Served

from ..conftest import findings_in, make_place, weeks_of, windows, write_log
from .windows import Floats, bundle_of, draw, one, served_of, window_of

N = 3_000
NAME = "version 2"


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory, shop: Contract) -> Bundle:
    return bundle_of(tmp_path_factory.mktemp("model"), shop, {})


def blurred(chance: Floats, by: float, seed: int = 1) -> Floats:
    noise = np.random.default_rng(seed).normal(size=len(chance))
    return np.asarray(1 / (1 + np.exp(-np.log(chance / (1 - chance)) - by * noise)))


def judge(bundle: Bundle, champion: Served, challenging: Served) -> list[Finding]:
    """The findings about version 2."""
    settings = {challenger.KIND: CheckConfig()}
    return challenger.judge(window_of(bundle, champion, others={2: challenging}, settings=settings))


def test_a_shadow_is_compared_on_the_same_rows(bundle: Bundle) -> None:
    chance, labels = draw(np.random.default_rng(0), N)
    bad, good = (served_of(bundle.contract, blurred(chance, by), labels) for by in (1.0, 0.0))
    distance, better = judge(bundle, bad, good)
    assert distance.measure == "mean_distance"
    assert distance.value == pytest.approx(np.abs(bad.outputs - good.outputs).mean())
    assert better.measure == "auc_difference"
    assert better.low is not None
    assert 0 < better.low < better.value
    assert not better.breach
    worse = one(judge(bundle, good, bad), NAME, "auc_difference")
    assert worse.breach
    assert worse.value == pytest.approx(-better.value)


def test_a_share_of_the_traffic_is_compared_over_the_same_days(bundle: Bundle) -> None:
    chance, labels = draw(np.random.default_rng(0), N)
    good, bad = (served_of(bundle.contract, blurred(chance, by), labels) for by in (0.0, 3.0))
    mine, others = np.arange(0, N, 2), np.arange(1, N, 2)
    for challenging, breach in ((bad, True), (good, False)):
        (found,) = judge(bundle, good[mine], challenging[others])
        assert (found.measure, found.breach, found.rows) == ("auc_difference", breach, N // 2)


@pytest.mark.slow
def test_versions_that_are_equally_good_are_seldom_called_worse(bundle: Bundle) -> None:
    """The interval leaves out 2.5 % below; of 100 windows at most 8 are beyond it by chance."""
    breaches = 0
    for seed in range(100):
        chance, labels = draw(np.random.default_rng(seed), 600)
        first, second = (
            served_of(bundle.contract, blurred(chance, 0.5, seed + at), labels) for at in (1, 1_000)
        )
        breaches += one(judge(bundle, first, second), NAME, "auc_difference").breach
    assert breaches <= 8


def test_few_rows_unknown_labels_and_older_versions_are_not_judged(bundle: Bundle) -> None:
    chance, labels = draw(np.random.default_rng(0), N)
    served = served_of(bundle.contract, chance, labels)
    assert judge(bundle, served, served[np.arange(99)]) == []
    unlabelled = served_of(bundle.contract, chance, np.full(N, np.nan))
    assert [one.measure for one in judge(bundle, served, unlabelled)] == ["mean_distance"]
    assert challenger.judge(window_of(bundle, served, others={0: served})) == []


def test_shadows_in_the_log_are_compared_and_are_no_answers(
    tmp_path: Path, shop: Contract, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checks, "CHECKS", [*checks.CHECKS, "monitoring.checks.challenger"])
    place = make_place(tmp_path, shop)
    write_log(place, weeks_of(shop))
    path = place.config.monitor.log / "predictions-2024-01-01-1.jsonl"
    records = [json.loads(line) for line in path.read_text().splitlines()]
    for record in records.copy():
        opposite = 1 - record["probability"][0]
        records.append({**record, "version": 2, "route": "shadow", "probability": [opposite]})
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    job.run(place.config, "shop")
    for findings in findings_in(place.config).values():
        assert one(findings, NAME, "mean_distance").value > 0
        assert one(findings, NAME, "auc_difference").breach
    assert sum(window.rows for window in windows(place.config).values()) == 1_600
