import json
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from {{ cookiecutter.__package }} import cli
from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.errors import (
    BundleError,
    ConfigError,
    DataError,
)
from {{ cookiecutter.__package }}.models.profile import SCORE
from {{ cookiecutter.__package }}.monitoring import job

from ..conftest import Workspace
from .conftest import Place, make_place, weeks_of, write_log


@pytest.fixture(autouse=True)
def _draw_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The report has tests of its own; drawing one takes seconds."""
    monkeypatch.setattr(job, "draw", lambda *_: None)


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
    configs = place.folder / "configs"
    configs.mkdir(exist_ok=True)
    settings = place.config.model_dump(mode="json")
    for name, section in settings.items():
        (configs / f"{name}.yaml").write_text(yaml.safe_dump(section))
    source = json.loads(place.contract.text)
    (configs / "contract.yaml").write_text(yaml.safe_dump(source, sort_keys=False))
    command = ["project", "monitor", "--configs", str(configs), *arguments]
    monkeypatch.setattr(sys, "argv", command)
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert isinstance(ended.value.code, int)
    return ended.value.code


def summary_of(place: Place) -> dict[str, Any]:
    path = place.config.monitor.reports / place.contract.name / "summary.json"
    content: dict[str, Any] = json.loads(path.read_text())
    return content


def test_calm_traffic_is_calm(calm: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    assert monitor(calm, monkeypatch, "--fail-on-alert") == 0
    summary = summary_of(calm)
    assert summary["alerts"] == []
    assert [found["window"] for found in summary["quality"]] == [
        "2024-01-01",
        "2024-01-08",
        "2024-01-15",
        "2024-01-22",
    ]
    assert {found["column"] for found in summary["drift"]} == {
        *("price", "items", "channel", "city", "gift", SCORE)
    }


def test_planted_drift_is_an_alert_with_an_exit_code_of_its_own(
    drifted: Place, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert monitor(drifted, monkeypatch, "--fail-on-alert") == 10
    shown = capsys.readouterr()
    assert "price drifts" in shown.err
    assert "alert     price drifts" in shown.out
    summary = summary_of(drifted)
    breached = {(f["column"], f["window"]) for f in summary["drift"] if f["breach"]}
    assert ("price", "2024-01-15") in breached
    assert {column for column, _ in breached} <= {"price", SCORE}
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
    assert [f.window for f in summary.drift if f.column == "price" and f.breach] == ["2024-01-22"]
    assert summary.alerts == []


def test_answers_that_turn_out_wrong_are_an_alert(tmp_path: Path, shop: Contract) -> None:
    place = make_place(tmp_path, shop)
    write_log(place, weeks_of(shop), right=False)
    (alert,) = job.run(place.config, "shop").alerts
    assert "quality fell" in alert
    assert "2024-01-22" in alert


def test_a_window_that_is_not_over_is_shown_and_not_judged(
    tmp_path: Path, shop: Contract, capsys: pytest.CaptureFixture[str]
) -> None:
    place = make_place(tmp_path, shop)
    table = weeks_of(shop, dearer_from=2)
    write_log(place, table.slice(0, int(len(table) * 0.7)))
    summary = job.run(place.config, "shop")
    assert {f.window for f in summary.drift} == {"2024-01-01", "2024-01-08"}
    assert "(not complete)" in capsys.readouterr().out


def test_windows_of_another_length_than_the_model_learned_are_refused(
    workspace: Workspace, tmp_path: Path
) -> None:
    monitor = workspace.config.monitor.model_copy(update={"window_days": 1, "log": tmp_path})
    config = workspace.config.model_copy(update={"monitor": monitor})
    with pytest.raises(ConfigError, match=r"window_days is 1, but .* windows of 7 days"):
        job.run(config, workspace.contract.name)


def test_without_a_model_or_a_log_the_next_step_is_told(tmp_path: Path, shop: Contract) -> None:
    place = make_place(tmp_path, shop)
    with pytest.raises(DataError, match="make replay"):
        job.run(place.config, "shop")
    with pytest.raises(BundleError, match="make train"):
        job.run(place.config, "other")
