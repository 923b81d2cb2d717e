"""What is shown of versions and of their gates."""

import pytest

from {{ cookiecutter.__package }}.models.versions import Versions
from {{ cookiecutter.__package }}.training.registry.history import (
    card_of,
    show_history,
)
from {{ cookiecutter.__package }}.training.registry.promotion import promote
from {{ cookiecutter.__package }}.training.tracking.outbox import Outbox

from ..conftest import Made


def test_the_history_shows_versions_and_what_served(
    versions: Versions, make_version: Made, outbox: Outbox, capsys: pytest.CaptureFixture[str]
) -> None:
    promote(outbox, str(make_version(0.1).number), "a good start")
    make_version(0.2, passed=False)
    make_version(0.3)
    capsys.readouterr()
    show_history(versions)
    shown = capsys.readouterr().out
    lines = {line.split()[0]: line for line in shown.splitlines() if line.strip()}
    assert "passed" in lines["1"]
    assert "champion" in lines["1"]
    assert "refused" in lines["2"]
    assert "challenger" in lines["3"]
    assert "a good start" in shown


def test_a_verdict_is_told_with_its_figures_and_by_the_rules_that_it_broke(
    versions: Versions, make_version: Made, capsys: pytest.CaptureFixture[str]
) -> None:
    made = make_version()
    rules = [
        {
            "rule": "calibrated",
            "measured": "0.2",
            "limit": "≤ 0.1",
            "passed": False,
            "reason": "off",
        },
        {"rule": "size", "measured": "3 MB", "limit": "–", "passed": True, "reason": "the graph"},
    ]
    version = versions.register(made.bundle, rules, passed=False)
    show_history(versions)
    shown = capsys.readouterr().out
    assert "refused: calibrated" in shown
    assert "version 2, the newest: what its gate asked" in shown
    card = card_of(versions, version)
    assert "- **broken** · calibrated: 0.2, wanted ≤ 0.1 (off)" in card
    assert "- held · size: 3 MB (the graph)" in card
    assert version.broken == ["calibrated: 0.2, wanted ≤ 0.1 (off)"]
