import json
from pathlib import Path
from typing import Any

import pytest

from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.errors import (
    BundleError,
    ConfigError,
    DataError,
)
from {{ cookiecutter.__package }}.models.profile import SCORE
from {{ cookiecutter.__package }}.monitoring import job
from {{ cookiecutter.__package }}.monitoring.finding import Finding

from ..conftest import shop_of
from .conftest import Place, findings_in, make_place, weeks_of, write_log


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory, shop: Contract) -> Place:
    place = make_place(tmp_path_factory.mktemp("calm"), shop)
    write_log(place, weeks_of(shop))
    return place


@pytest.fixture(scope="module")
def drifted(tmp_path_factory: pytest.TempPathFactory, shop: Contract) -> Place:
    place = make_place(tmp_path_factory.mktemp("drifted"), shop)
    write_log(place, weeks_of(shop, dearer_from=2))
    return place


def monitor(place: Place, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    """``monitor`` as a person types it; its exit code."""
    place.write_configs()
    return place.type(monkeypatch, "monitor", *arguments)


WINDOWS = ["2024-01-01", "2024-01-08", "2024-01-15", "2024-01-22"]


def summary_of(place: Place) -> dict[str, Any]:
    path = place.config.monitor.reports / place.contract.name / "summary.json"
    content: dict[str, Any] = json.loads(path.read_text())
    return content


def findings_of(place: Place, kind: str = "") -> dict[str, list[Finding]]:
    """Of every window that was judged, or all of one kind."""
    kept = findings_in(place)
    return {name: [f for f in found if kind in f.kind] for name, found in kept.items()}


def breached(place: Place) -> set[tuple[str, str]]:
    """Columns and windows in which they went beyond ordinary."""
    found = findings_of(place, "drift")
    return {(f.subject, name) for name in found for f in found[name] if f.breach}


def test_calm_traffic_is_calm(calm: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    assert monitor(calm, monkeypatch, "--fail-on-alert") == 0
    summary = summary_of(calm)
    assert summary["alerts"] == []
    assert list(findings_of(calm, "quality")) == WINDOWS
    assert (summary["window"], summary["quality_window"]) == (WINDOWS[-1], WINDOWS[-1])
    assert {found["subject"] for found in summary["drift"]} == {
        *("price", "items", "channel", "city", "gift", SCORE)
    }


def test_planted_drift_is_an_alert_with_an_exit_code_of_its_own(
    drifted: Place, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert monitor(drifted, monkeypatch, "--fail-on-alert") == 10
    shown = capsys.readouterr()
    assert "price drifts" in shown.err
    assert "alert     price drifts" in shown.out
    assert ("price", "2024-01-15") in breached(drifted)
    assert {column for column, _ in breached(drifted)} <= {"price", SCORE}
    assert monitor(drifted, monkeypatch) == 0


def test_judging_twice_finds_the_same(drifted: Place) -> None:
    first, second = (job.run(drifted.config, "shop") for _ in range(2))
    assert first == second


def test_one_window_beyond_what_is_ordinary_is_not_yet_an_alert(
    tmp_path: Path, shop: Contract
) -> None:
    place = make_place(tmp_path, shop)
    write_log(place, weeks_of(shop, dearer_from=3))
    summary = job.run(place.config, "shop")
    assert ("price", "2024-01-22") in breached(place)
    assert {window for _, window in breached(place)} == {"2024-01-22"}
    assert summary.alerts == []


def test_answers_that_turn_out_wrong_are_an_alert(tmp_path: Path, shop: Contract) -> None:
    place = make_place(tmp_path, shop)
    write_log(place, weeks_of(shop), right=False)
    summary = job.run(place.config, "shop")
    (alert,) = summary.alerts
    assert "quality fell" in alert
    assert summary.quality_window == "2024-01-22"


def test_a_window_that_is_not_over_is_shown_and_not_judged(
    tmp_path: Path, shop: Contract, capsys: pytest.CaptureFixture[str]
) -> None:
    place = make_place(tmp_path, shop)
    table = weeks_of(shop, dearer_from=2)
    write_log(place, table.slice(0, int(len(table) * 0.7)))
    job.run(place.config, "shop")
    assert set(findings_of(place)) == {"2024-01-01", "2024-01-08"}
    assert "(not complete)" in capsys.readouterr().out


@pytest.mark.parametrize("task", ["multiclass", "regression"])
@pytest.mark.parametrize("time", ["at", None], ids=["days", "rows"])
def test_drift_and_quality_of_each_task_are_judged_in_days_or_in_rows(
    tmp_path: Path, task: str, time: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    contract = shop_of(task, time=time, id="order" if time else None)
    place = make_place(tmp_path, contract, window_rows=400)
    write_log(place, weeks_of(shop_of(task), dearer_from=2))
    summary = job.run(place.config, "shop")
    windows = WINDOWS if time else ["row-000001", "row-000401", "row-000801", "row-001201"]
    quality = findings_of(place, "quality")
    assert list(quality) == windows
    assert summary.metric == {"multiclass": "auc", "regression": "r2"}[task]
    assert summary.quality is not None
    assert summary.quality.value > 0.9
    assert not any(found.breach for window in windows for found in quality[window])
    found = breached(place)
    assert {column for column, _ in found} <= {"price", SCORE}
    assert {window for _, window in found} == set(windows[2:])
    assert {(SCORE, window) for window in windows[2:]} <= found
    assert any("price drifts" in alert for alert in summary.alerts)
    titles = {"multiclass": "AUC", "regression": "R²"}
    assert titles[task] in capsys.readouterr().out


@pytest.mark.parametrize("task", ["multiclass", "regression"])
def test_answers_of_each_task_that_turn_out_wrong_are_an_alert(tmp_path: Path, task: str) -> None:
    contract = shop_of(task)
    place = make_place(tmp_path, contract)
    write_log(place, weeks_of(contract), right=False)
    (alert,) = job.run(place.config, "shop").alerts
    title = {"multiclass": "AUC", "regression": "R²"}[task]
    assert alert.startswith(f"quality fell: {title} ")


def test_a_summary_of_each_task_is_json(tmp_path: Path, any_shop: Contract) -> None:
    place = make_place(tmp_path, any_shop)
    write_log(place, weeks_of(any_shop))
    summary = job.run(place.config, "shop")
    content = json.loads((tmp_path / "reports" / "shop" / "summary.json").read_text())
    assert content["metric"] == summary.metric
    assert summary.quality is not None
    assert content["quality"]["value"] == summary.quality.value


def test_rows_too_few_for_a_window_are_shown_and_not_judged(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    contract = shop_of("binary", time=None)
    place = make_place(tmp_path, contract, window_rows=2_000)
    write_log(place, weeks_of(shop_of("binary")))
    summary = job.run(place.config, "shop")
    assert (summary.drift, summary.quality, summary.window) == ([], None, None)
    assert "unjudged" in (shown := capsys.readouterr().out)
    assert "1,600" in shown.partition("unjudged")[2]


def test_windows_of_another_length_than_the_model_learned_are_refused(calm: Place) -> None:
    monitor = calm.config.monitor.model_copy(update={"window_days": 1})
    config = calm.config.model_copy(update={"monitor": monitor})
    with pytest.raises(ConfigError, match=r"window_days is 1, but .* windows of 7 days"):
        job.run(config, "shop")


def test_without_a_model_or_a_log_the_next_step_is_told(tmp_path: Path, shop: Contract) -> None:
    place = make_place(tmp_path, shop)
    with pytest.raises(DataError, match="make replay"):
        job.run(place.config, "shop")
    with pytest.raises(BundleError, match="make train"):
        job.run(place.config, "other")
