"""The commands ``logs compact`` and ``logs forget``."""

import json
from pathlib import Path

import pytest
import yaml

from {{ cookiecutter.__package }}.contract import Contract

from ...conftest import Command
from .logged import make_log


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
    assert "compacted 5 files" in capsys.readouterr().out
    assert command("logs", "forget", "o-1") == 0
    assert "25 records in 5 files" in capsys.readouterr().out
    assert command("logs", "compact", "--set", "log_retention.days=30") == 0
    assert "deleted 5" in capsys.readouterr().out
