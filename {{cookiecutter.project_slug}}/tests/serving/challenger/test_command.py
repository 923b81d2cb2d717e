"""The command ``challenge``, as it is typed."""

import json
from pathlib import Path

import pytest
import yaml

from {{ cookiecutter.__package }}.contract import Contract

from ...conftest import Command
from ..live import add_version
from ..test_server import SETTINGS


@pytest.fixture
def place(tmp_path: Path, shop: Contract, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project's folder with version 1 serving and version 2 beside it."""
    (tmp_path / "configs").mkdir()
    contract = yaml.safe_dump(json.loads(shop.text), sort_keys=False)
    (tmp_path / "configs" / "contract.yaml").write_text(contract)
    for name, section in SETTINGS.items():
        (tmp_path / "configs" / f"{name}.yaml").write_text(yaml.safe_dump(section))
    add_version(tmp_path / "bundles", shop)
    add_version(tmp_path / "bundles", shop, bias=0.1, serve=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_challenge_is_started_shown_and_stopped(
    place: Path, command: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command("challenge", "2", "--share", "0.25", "--why", "a test") == 0
    assert "version 2 answers 0.25 of the requests" in capsys.readouterr().out
    assert command("challenge") == 0
    assert "a test" in capsys.readouterr().out
    assert command("challenge", "2", "--shadow") == 0
    assert "version 2 shadows 1 of the requests" in capsys.readouterr().out
    assert command("challenge", "--stop") == 0
    assert "challenger none" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["7"], 5, ["error: ", "shop has no version 7"]),
        (["2", "--stop"], 2, ["error: ", "--stop ends the challenge", "leave the version"]),
        (["2", "--share", "1.5"], 5, ["error: ", "the share is 1.5"]),
        (["1"], 5, ["error: ", "version 1 serves already"]),
    ],
)
def test_a_failure_ends_with_its_code_and_says_what_to_do(
    place: Path,
    command: Command,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    code: int,
    words: list[str],
) -> None:
    assert command("challenge", *arguments) == code
    shown = capsys.readouterr().err
    assert [word for word in words if word not in shown] == []
    assert "Traceback" not in shown
