import json
import sys
from pathlib import Path

import pytest
import yaml

from {{ cookiecutter.__package }} import cli
from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.monitoring import job

from ..conftest import Place, make_place, weeks_of, write_log


@pytest.fixture
def place(tmp_path: Path, shop: Contract, monkeypatch: pytest.MonkeyPatch) -> Place:
    """A served model with its configuration in a folder; no report is drawn."""
    monkeypatch.setattr(job, "PICTURES", [])
    place = make_place(
        tmp_path,
        shop,
        calibration={"enabled": False},
        estimated_quality={"enabled": False},  # part: estimated
    )
    (tmp_path / "configs").mkdir()
    for name, section in place.config.model_dump(mode="json").items():
        (tmp_path / "configs" / f"{name}.yaml").write_text(yaml.safe_dump(section))
    source = json.loads(shop.text)
    (tmp_path / "configs" / "contract.yaml").write_text(yaml.safe_dump(source, sort_keys=False))
    return place


def command(place: Place, monkeypatch: pytest.MonkeyPatch, *typed: str) -> int:
    """A command as a person types it; its exit code."""
    configs = ["--configs", str(place.folder / "configs")]
    monkeypatch.setattr(sys, "argv", ["project", *typed, *configs])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert isinstance(ended.value.code, int)
    return ended.value.code


def test_alerts_are_told_listed_and_resolved_and_rule_the_exit_code(
    place: Place,
    shop: Contract,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert command(place, monkeypatch, "alerts") == 0
    assert "make monitor" in capsys.readouterr().out
    write_log(place, weeks_of(shop, dearer_from=2))
    assert command(place, monkeypatch, "monitor", "--fail-on-alert") == 10
    shown = capsys.readouterr()
    assert "[warning] shop version 1: price drifts: wasserstein" in shown.out
    assert "error: price drifts" in shown.err or "; price drifts" in shown.err
    assert command(place, monkeypatch, "alerts") == 0
    listed = " ".join(capsys.readouterr().out.split())
    assert "price drifts" in listed
    assert "since 2024-01-15" in listed
    write_log(place, weeks_of(shop))
    assert command(place, monkeypatch, "monitor", "--fail-on-alert") == 0
    capsys.readouterr()
    assert command(place, monkeypatch, "alerts", "--recent", "5") == 0
    listed = " ".join(capsys.readouterr().out.split())
    assert "Resolved: it is ordinary again" in listed
    assert "calm no alert is open" in listed
    written = (place.folder / "reports" / "shop" / "alerts.jsonl").read_text().splitlines()
    events = {json.loads(line)["event"] for line in written}
    assert events == {"raised", "resolved"}


def test_a_logged_row_is_explained_as_it_is_typed(  # part: explain
    place: Place,
    shop: Contract,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    write_log(place, weeks_of(shop).slice(0, 20))
    assert command(place, monkeypatch, "explain", "r-3") == 0
    shown = capsys.readouterr().out
    assert "row       0 of request r-3" in shown
    assert "stages agree with what was logged" in shown
    assert command(place, monkeypatch, "explain", "r-99") == 3
    assert "the request id 'r-99'" in capsys.readouterr().err
    assert command(place, monkeypatch, "explain", "r-3", "--row", "4") == 3
