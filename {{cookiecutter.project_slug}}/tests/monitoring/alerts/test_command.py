import json
from pathlib import Path

import pytest

from {{ cookiecutter.__package }}.contract import Contract

from ..conftest import Place, make_place, weeks_of, write_log


@pytest.fixture
def place(tmp_path: Path, shop: Contract) -> Place:
    """A served model with its configuration in a folder."""
    place = make_place(tmp_path, shop)
    place.write_configs()
    return place


def test_alerts_are_sent_listed_and_resolved_and_rule_the_exit_code(
    place: Place,
    shop: Contract,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert place.type(monkeypatch, "alerts") == 0
    assert "make monitor" in capsys.readouterr().out
    write_log(place, weeks_of(shop, dearer_from=2))
    assert place.type(monkeypatch, "monitor", "--fail-on-alert") == 10
    shown = capsys.readouterr()
    assert "[warning] shop version 1: price drifts: change" in shown.out
    assert "error: price drifts" in shown.err or "; price drifts" in shown.err
    assert place.type(monkeypatch, "alerts") == 0
    listed = " ".join(capsys.readouterr().out.split())
    assert "price drifts" in listed
    assert "since 2024-01-15" in listed
    write_log(place, weeks_of(shop))
    assert place.type(monkeypatch, "monitor", "--fail-on-alert") == 0
    capsys.readouterr()
    assert place.type(monkeypatch, "alerts", "--recent", "5") == 0
    listed = " ".join(capsys.readouterr().out.split())
    assert "Resolved: it is within its reference range again" in listed
    assert "calm no alert is open" in listed
    written = (place.folder / "reports" / "shop" / "alerts.jsonl").read_text().splitlines()
    events = {json.loads(line)["event"] for line in written}
    assert events == {"raised", "resolved"}
