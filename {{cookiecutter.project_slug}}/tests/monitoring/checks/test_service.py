import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.models.bundle import Bundle
from {{ cookiecutter.__package }}.monitoring.checks import (
    contract as refusals,
)
from {{ cookiecutter.__package }}.monitoring.checks import service
from {{ cookiecutter.__package }}.monitoring.facts import Facts, facts_of
from {{ cookiecutter.__package }}.monitoring.finding import Finding
from {{ cookiecutter.__package }}.monitoring.seen import Seen

from .windows import FIRST_S, bundle_of, one, seen_of, served_of

WEEK = datetime.fromtimestamp(FIRST_S, UTC)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory, shop: Contract) -> Bundle:
    return bundle_of(tmp_path_factory.mktemp("model"), shop, {})


def minute(day: int = 1, **told: Any) -> dict[str, Any]:
    """What a process told of a minute of a day of the week."""
    since = WEEK + timedelta(days=day, hours=12)
    told = {"requests": {"200": 1_000}, "ms": {"20": 1_000}, "refused": [], **told}
    ends = {"since": since.isoformat(), "time": (since + timedelta(minutes=1)).isoformat()}
    return {"model": "shop", "version": 1, **ends, **told}


def seen_with(folder: Path, bundle: Bundle, *told: dict[str, Any]) -> Seen:
    folder.mkdir(exist_ok=True)
    for number, record in enumerate(told):
        name = f"service-{record['time'][:10]}-{number}.jsonl"
        (folder / name).write_text(json.dumps(record) + '\n{"torn')
    served = served_of(bundle.contract, np.full(700, 0.5), np.full(700, np.nan))
    return seen_of(bundle, served, config={"log": folder})


def judged(folder: Path, bundle: Bundle, *told: dict[str, Any]) -> list[Finding]:
    return service.judge(seen_with(folder, bundle, *told))


def kinds(found: list[Finding]) -> dict[str, float]:
    return {finding.measure: finding.value for finding in found}


def test_minutes_and_processes_are_added_up(tmp_path: Path, bundle: Bundle) -> None:
    quick = minute(ms={"1": 500, "2": 500}, requests={"200": 990, "422": 10})
    slow = minute(3, ms={"1": 500, "200": 500}, requests={"200": 500, "503": 500})
    found = judged(tmp_path, bundle, quick, slow)
    assert kinds(found)["per_day"] == 100
    assert kinds(found)["p50_ms"] == pytest.approx(1.0)
    assert kinds(found)["failed_share"] == 0.25
    assert {f.rows for f in found if f.kind != "throughput"} == {2_000}


def test_a_file_that_is_deleted_meanwhile_counts_nothing(
    tmp_path: Path, bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = seen_with(tmp_path, bundle, minute(), minute())
    first, second = sorted(tmp_path.iterdir())
    opened = Path.open

    def delete(path: Path, *arguments: Any) -> Any:
        second.unlink(missing_ok=True)
        return opened(path, *arguments)

    monkeypatch.setattr(Path, "open", delete)
    found = facts_of(seen)
    assert first.exists()
    assert found is not None
    assert found.requests == 1_000


def test_percentiles_are_straight_within_a_bucket(tmp_path: Path, bundle: Bundle) -> None:
    found = judged(tmp_path, bundle, minute(ms={"10": 900, "20": 100}))
    assert kinds(found)["p95_ms"] == pytest.approx(15)
    assert kinds(found)["p99_ms"] == pytest.approx(19)
    empty = Facts(statuses=Counter(), slower=Counter(), refused=Counter())
    assert np.isnan(empty.percentile_ms(0.5))
    beyond = Facts(statuses=Counter(), slower=Counter({5.0: 1, np.inf: 9}), refused=Counter())
    assert beyond.percentile_ms(0.95) == 5.0


@pytest.mark.parametrize(("n_slow", "breach"), [(0, False), (40, False), (53, False), (200, True)])
def test_waiting_too_long_breaches_once_it_is_sure(
    tmp_path: Path, bundle: Bundle, n_slow: int, breach: bool
) -> None:
    found = judged(tmp_path, bundle, minute(ms={"20": 1_000 - n_slow, "200": n_slow}))
    p95 = next(f for f in found if f.measure == "p95_ms")
    assert (p95.limit, p95.breach) == (100.0, breach)


@pytest.mark.parametrize(
    ("n_failed", "breach", "gross"),
    [(0, False, False), (12, False, False), (30, True, False), (600, True, True)],
)
def test_failing_too_often_breaches_once_it_is_sure(
    tmp_path: Path, bundle: Bundle, n_failed: int, breach: bool, gross: bool
) -> None:
    requests = {"200": 1_000 - n_failed, "500": n_failed}
    found = judged(tmp_path, bundle, minute(requests=requests))
    (errors,) = (f for f in found if f.kind == "error_rate")
    assert (errors.breach, bool(errors.gross)) == (breach, gross)


def test_what_was_told_in_other_weeks_or_of_other_models_is_not_counted(
    tmp_path: Path, bundle: Bundle
) -> None:
    others = [
        minute(-1),
        minute(9),
        minute(1) | {"version": 2},
        minute(1) | {"model": "other"},
    ]
    assert [f.kind for f in judged(tmp_path, bundle, *others)] == ["throughput"]
    (errors,) = (f for f in judged(tmp_path, bundle, *others, minute()) if f.kind == "error_rate")
    assert errors.rows == 1_000


def test_rows_answered_again_much_later_do_not_make_the_week_longer(
    tmp_path: Path, bundle: Bundle
) -> None:
    seen = seen_with(tmp_path, bundle, minute(), minute(40))
    answered = seen.window.rows.answered
    assert answered is not None
    answered[0] += 41 * 86_400
    (errors,) = (f for f in service.judge(seen) if f.kind == "error_rate")
    assert errors.rows == 1_000


def test_refusals_are_shares_of_requests_by_column_and_rule(tmp_path: Path, bundle: Bundle) -> None:
    refused = [["price", "less_than_equal", 100], ["city", "string_type", 2]]
    all_but_one = minute(2, refused=[["items", "missing", 1_900]])
    seen = seen_with(tmp_path, bundle, minute(refused=refused), all_but_one)
    found = refusals.judge(seen)
    price = one(found, "price", "rule = less_than_equal")
    city = one(found, "city", "rule = string_type")
    items = one(found, "items", "rule = missing")
    assert (price.value, price.limit, price.rows) == (0.05, 0.01, 2_000)
    assert (price.breach, price.gross) == (True, "")
    assert not city.breach
    assert items.gross == "95% of requests are refused"


def test_a_log_without_counts_is_no_finding_of_the_service(tmp_path: Path, bundle: Bundle) -> None:
    seen = seen_with(tmp_path, bundle)
    assert [f.kind for f in service.judge(seen)] == ["throughput"]
    assert refusals.judge(seen) == []
