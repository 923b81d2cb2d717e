import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.models.profile import SCORE
from {{ cookiecutter.__package }}.monitoring.finding import Finding
from {{ cookiecutter.__package }}.monitoring.summary import Summary, save
from {{ cookiecutter.__package }}.serving.page.drift import Drift, Summaries

from .conftest import serve_config
from .live import add_version, live

ORDINARY = Finding(
    kind="data_drift",
    subject="price",
    measure="wasserstein",
    value=0.05,
    low=0.02,
    limit=0.1,
    p_value=0.4,
    rows=900,
)
BEYOND = replace(ORDINARY, subject="city", value=0.4, low=0.3, breach=True)
QUALITY = Finding(kind="quality", subject="auc", measure="auc", value=0.6612, rows=1_840)


def summary(
    *drift: Finding, quality: Finding | None = None, alerts: tuple[str, ...] = ()
) -> Summary:
    return Summary(
        model="shop",
        version=3,
        metric="auc",
        window="2024-05-06" if drift else None,
        drift=list(drift),
        quality=quality,
        quality_window="2024-05-06" if quality else None,
        alerts=list(alerts),
    )


def shown(reports: Path, found: Summary | None = None) -> Drift:
    """What the server shows of what monitoring has written."""
    if found is not None:
        save(found, reports / "shop" / "summary.json")
    return Summaries(reports).newest("shop")


def test_what_monitoring_writes_is_read(tmp_path: Path) -> None:
    score = replace(ORDINARY, subject=SCORE, value=0.06)
    gaps = replace(ORDINARY, measure="missing", value=0.09)
    drift = shown(tmp_path, summary(ORDINARY, gaps, score, quality=QUALITY))
    assert (drift.state, drift.version, drift.window) == ("calm", 3, "2024-05-06")
    assert drift.why == "all of 2 columns moved as they ordinarily do"
    assert [asdict(column) for column in drift.columns] == [
        {"column": "the answers", "effect": 0.06, "limit": 0.1, "breach": False},
        {"column": "price", "effect": 0.05, "limit": 0.1, "breach": False},
    ]
    assert drift.quality == "AUC 0.661 on 1,840 outcomes of the window of 2024-05-06"


def test_a_breach_that_did_not_last_is_calm(tmp_path: Path) -> None:
    drift = shown(tmp_path, summary(ORDINARY, BEYOND))
    assert (drift.state, drift.columns[0].column) == ("calm", "city")
    assert drift.why == "1 of 2 columns beyond what is ordinary, not for long enough"


def test_an_alert_is_told_in_monitorings_words(tmp_path: Path) -> None:
    drift = shown(tmp_path, summary(ORDINARY, BEYOND, alerts=("city drifts",)))
    assert (drift.state, drift.why, drift.alerts) == ("alert", "1 alert", ("city drifts",))


def test_values_that_are_missing_beyond_ordinary_are_told(tmp_path: Path) -> None:
    gaps = replace(BEYOND, measure="missing")
    drift = shown(tmp_path, summary(ORDINARY, gaps))
    assert [column.column for column in drift.columns] == ["city, missing", "price"]


def test_where_no_window_was_complete_nothing_was_judged(tmp_path: Path) -> None:
    drift = shown(tmp_path, summary())
    assert (drift.state, drift.window, drift.columns) == ("unjudged", None, ())


def test_only_the_columns_that_moved_most_are_told(tmp_path: Path) -> None:
    moved = [replace(ORDINARY, subject=f"c{at}", value=at / 100) for at in range(9)]
    assert [c.column for c in shown(tmp_path, summary(*moved)).columns] == [
        f"c{at}" for at in (8, 7, 6, 5, 4)
    ]


def test_a_newer_summary_is_read_and_the_same_is_not_read_again(tmp_path: Path) -> None:
    path, summaries = tmp_path / "shop" / "summary.json", Summaries(tmp_path)
    save(summary(ORDINARY), path)
    first = summaries.newest("shop")
    assert summaries.newest("shop") is first
    save(summary(ORDINARY, BEYOND, alerts=("city drifts",)), path)
    assert (first.state, summaries.newest("shop").state) == ("calm", "alert")


def test_without_a_summary_it_is_told_what_writes_one(tmp_path: Path) -> None:
    drift = shown(tmp_path)
    assert (drift.state, drift.made) == ("unknown", None)
    assert "make monitor" in drift.why


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff\xfe",
        b'{"drift": []}',
        b"[" * 5_000,
        b'{"version": 1, "made": "yesterday", "metric": "auc", "window": null, "drift": [], "quality": null, "quality_window": null, "alerts": []}',
    ],
)
def test_a_summary_that_is_none_is_told_and_harms_nothing(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "shop" / "summary.json"
    path.parent.mkdir()
    path.write_bytes(content)
    drift = shown(tmp_path)
    assert drift.state == "unknown"
    assert str(path) in drift.why


def test_a_folder_in_the_summarys_place_harms_nothing(tmp_path: Path) -> None:
    (tmp_path / "shop" / "summary.json").mkdir(parents=True)
    assert shown(tmp_path).state == "unknown"


@pytest.mark.parametrize("value", [float("nan"), float("inf"), None])
def test_what_is_no_number_reaches_no_browser(
    tmp_path: Path, shop: Contract, value: float | None
) -> None:
    config = serve_config(tmp_path)
    add_version(config.bundles, shop)
    assert config.reports is not None
    path = config.reports / "shop" / "summary.json"
    save(summary(ORDINARY, quality=QUALITY), path)
    content: dict[str, Any] = json.loads(path.read_text())
    content["quality"]["value"] = value
    content["drift"][0]["value"] = value if value is not None else 0.0
    path.write_text(json.dumps(content))
    with live(config) as client:
        told = client.get("/status")
    strict = json.loads(told.text, parse_constant=pytest.fail)
    assert strict["drift"]["state"] == "calm"
    assert strict["drift"]["quality"] is None
    assert strict["drift"]["columns"][0]["effect"] == (0.0 if value is None else None)


def test_a_server_that_is_told_of_no_reports_shows_none(tmp_path: Path, shop: Contract) -> None:
    config = serve_config(tmp_path).model_copy(update={"reports": None})
    add_version(config.bundles, shop)
    with live(config) as client:
        assert client.get("/status").json()["drift"] is None
