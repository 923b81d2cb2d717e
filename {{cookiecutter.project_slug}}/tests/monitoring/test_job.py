"""``monitor`` over weeks of a log: what is judged, what is judged again, what is refused."""

import gzip
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any

import pytest

from {{ cookiecutter.__package }}.config import Config, load
from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.errors import BundleError, DataError
from {{ cookiecutter.__package }}.models.profile import SCORE
from {{ cookiecutter.__package }}.models.tasks import task_of
from {{ cookiecutter.__package }}.monitoring import checks, job
from {{ cookiecutter.__package }}.monitoring.finding import DRIFT
from {{ cookiecutter.__package }}.monitoring.history import locked

from ..conftest import Workspace, shop_of
from .conftest import MONDAYS, findings_in, make_place, weeks_of, windows, write_log

TITLES = {"binary": "AUC", "multiclass": "AUC", "regression": "R²"}


@pytest.fixture
def place(tmp_path: Path, shop: Contract) -> Workspace:
    """Four calm weeks."""
    place = make_place(tmp_path, shop)
    write_log(place, weeks_of(shop))
    return place


def files(place: Workspace) -> list[Path]:
    return sorted(place.config.monitor.log.iterdir())


def changed(place: Workspace, *settings: str) -> Config:
    """The same place, monitored otherwise."""
    return load(place.path / "configs", [f"monitor.{setting}" for setting in settings])


def breached(place: Workspace) -> set[tuple[str, str]]:
    """Columns and windows in which they went beyond the reference range."""
    found = findings_in(place.config).items()
    return {(f.subject, name) for name, all_ in found for f in all_ if f.breach and f.kind in DRIFT}


@pytest.mark.parametrize("time", ["at", None], ids=["time", "no time"])
def test_drift_of_each_task_is_an_alert_and_calm_traffic_is_none(
    tmp_path: Path, any_shop: Contract, time: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    contract = shop_of(any_shop.task, time=time, id="order" if time else None)
    place = make_place(tmp_path, contract)
    write_log(place, weeks_of(any_shop))
    assert job.run(place.config, "shop") == []
    shown = capsys.readouterr().out
    assert "calm " in shown
    assert TITLES[contract.task] in shown
    assert list(findings_in(place.config)) == MONDAYS
    write_log(place, weeks_of(any_shop, dearer_from=2))
    alerts = job.run(place.config, "shop")
    assert {column for column, _ in breached(place)} <= {"price", SCORE}
    assert {window for _, window in breached(place)} == set(MONDAYS[2:])
    assert any("price drifts" in alert.text for alert in alerts)
    newest = windows(place.config)[MONDAYS[-1]]
    quality = newest.quality(task_of(contract).main)
    assert quality is not None
    assert quality.value > 0.9
    judged = {f.subject for f in newest.findings if f.kind in DRIFT}
    assert judged == {"price", "items", "channel", "city", "gift", SCORE}


def test_predictions_of_each_task_that_turn_out_wrong_are_an_alert(
    tmp_path: Path, any_shop: Contract
) -> None:
    place = make_place(tmp_path, any_shop)
    write_log(place, weeks_of(any_shop), right=False)
    (alert,) = job.run(place.config, "shop")
    assert alert.text.startswith(f"quality fell: {TITLES[any_shop.task]} ")


def test_what_is_not_over_or_too_small_is_shown_and_not_judged(
    place: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    few = changed(place, "min_rows=1000", f"history={place.path / 'few'}")
    assert job.run(few, "shop") == []
    assert "unjudged" in capsys.readouterr().out
    assert findings_in(few) == {}
    write_log(place, weeks_of(place.contract).slice(0, 1_120))
    job.run(place.config, "shop")
    assert list(findings_in(place.config)) == MONDAYS[:2]
    assert "(not judged)" in capsys.readouterr().out


@pytest.mark.parametrize("change", ["nothing", "compressed", "labels deleted", "half deleted"])
def test_a_second_run_changes_nothing_whatever_the_log_lost(place: Workspace, change: str) -> None:
    first, before = job.run(place.config, "shop"), windows(place.config)
    for path in files(place):
        content = path.read_bytes()
        lines = content.splitlines(keepends=True)
        if change == "compressed":
            path.with_name(f"{path.name}.gz").write_bytes(gzip.compress(content))
            path.unlink()
        elif change == "half deleted" or path.name.startswith(change.partition(" ")[0]):
            path.write_bytes(b"".join(lines[len(lines) // 2 :]))
    assert job.run(place.config, "shop") == first
    assert windows(place.config) == before


@pytest.mark.parametrize("stem", [0, 1], ids=["labels", "predictions"])
def test_what_comes_late_changes_its_window_and_no_other(place: Workspace, stem: int) -> None:
    path = files(place)[stem]
    lines = path.read_text().splitlines(keepends=True)
    late = [line for line in lines if '"time": "2024-01-09' in line]
    path.write_text("".join(line for line in lines if line not in late))
    job.run(place.config, "shop")
    before = windows(place.config)
    path.with_name(path.name.replace("01-01-1", "03-01-9")).write_text("".join(late))
    job.run(place.config, "shop")
    after = windows(place.config)
    assert [name for name in MONDAYS if before[name] != after[name]] == [MONDAYS[1]]
    old, new = before[MONDAYS[1]], after[MONDAYS[1]]
    assert new.labelled == old.labelled + len(late) > old.labelled
    assert new.rows == old.rows + len(late) * stem


def test_another_threshold_judges_again_after_a_run_that_goes_on(place: Workspace) -> None:
    with ThreadPoolExecutor(1) as pool:
        with locked(place.config.monitor.history, "shop"):
            waiting = pool.submit(job.run, place.config, "shop")
            assert not wait([waiting], timeout=2).done
        assert waiting.result() == []
    before = findings_in(place.config)
    job.run(changed(place, "data_drift.threshold=0.01"), "shop")
    assert all(findings_in(place.config)[name] != before[name] for name in MONDAYS)


def test_a_run_that_was_stopped_is_taken_up_again_as_if_it_had_not_been(
    place: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(window: Any) -> Any:
        if window.record.name == MONDAYS[2]:
            raise KeyboardInterrupt
        return checks.judge(window)

    monkeypatch.setattr(job, "judge", stopped)
    with pytest.raises(KeyboardInterrupt):
        job.run(place.config, "shop")
    monkeypatch.setattr(job, "judge", checks.judge)
    assert list(windows(place.config)) == MONDAYS[:2]
    job.run(place.config, "shop")
    fresh = changed(place, f"history={place.path / 'fresh'}")
    job.run(fresh, "shop")
    assert findings_in(fresh) == findings_in(place.config)


def test_a_history_log_or_model_that_cannot_be_used_is_an_error(place: Workspace) -> None:
    folder = place.path
    (folder / "folder").mkdir()
    (folder / "text").write_text("not a folder")
    for name in ("version-1/2024-01-01.json", "alerts.json"):
        damaged = folder / f"damaged-{name[0]}" / "shop" / name
        damaged.parent.mkdir(parents=True)
        damaged.write_text('[{"model": "shop"')
    for history in ("text", "text/history", "damaged-v", "damaged-a"):
        with pytest.raises(DataError, match="set monitor\\.history to another folder"):
            job.run(changed(place, f"history={folder / history}"), "shop")
    for log in ("text", "folder"):
        with pytest.raises(DataError, match="make replay"):
            job.run(changed(place, f"log={folder / log}"), "shop")
    torn = place.config.monitor.log / "predictions-2024-01-01-9.jsonl.gz"
    torn.write_bytes(gzip.compress(b"{}" * 99)[:-9])
    with pytest.raises(DataError, match="cannot be read"):
        job.run(place.config, "shop")
    with pytest.raises(BundleError, match="make train"):
        job.run(place.config, "other")
