"""The commands ``logs compact`` and ``logs forget``."""

import json
from pathlib import Path

import pytest
import yaml

from {{ cookiecutter.__package }}.contract import Contract

from ...conftest import Command
from ..logged import make_log


@pytest.fixture
def place(tmp_path: Path, shop: Contract, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project folder, in which commands run."""
    configs = tmp_path / "configs"
    configs.mkdir()
    (configs / "contract.yaml").write_text(yaml.safe_dump(json.loads(shop.text), sort_keys=False))
    split = "{validation_from: 2024-02-01, test_from: 2024-03-01}"
    (configs / "data.yaml").write_text(f"driving: orders\nsplit: {split}\n")
    (configs / "log_retention.yaml").write_text("days: null")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_log_is_compacted_relieved_of_an_id_and_emptied_by_age(
    place: Path, command: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    make_log(place / "data" / "live")
    assert command("logs", "compact") == 0
    assert "19 records of 5 segments" in capsys.readouterr().out
    assert command("logs", "forget", "--id", "o-1") == 0
    assert "16 rows of 16 requests, and 1 labels, in 3 files" in capsys.readouterr().out
    assert command("logs", "forget", "--request-id", "r-1") == 0
    assert "2 rows of 1 requests" in capsys.readouterr().out
    assert command("logs", "compact", "--set", "log_retention.days=30") == 0
    assert "3 files older than log_retention.days" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["forget"], "--id ID or --request-id ID"),
        (["forget", "--id", "1", "--request-id", "r"], "one of them"),
        (["compact", "--set", "log_retention.day=3"], "log_retention.day"),
        (["compact", "--set", "log_retention.days=0"], "greater than 0"),
    ],
)
def test_a_wrong_argument_or_setting_is_refused(
    place: Path,
    command: Command,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    message: str,
) -> None:
    assert command("logs", *arguments) == 2
    assert message in capsys.readouterr().err
