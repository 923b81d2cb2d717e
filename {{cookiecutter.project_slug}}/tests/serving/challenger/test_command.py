"""The command ``challenge``, as it is typed."""

from pathlib import Path

import pytest

from {{ cookiecutter.__package }}.contract import Contract

from ...conftest import Command
from ..live import add_version
from ..test_server import project


def test_a_challenge_is_started_shown_and_stopped(
    tmp_path: Path,
    shop: Contract,
    command: Command,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    project(tmp_path, shop)
    add_version(tmp_path / "bundles", shop, bias=0.1, serve=False)
    monkeypatch.chdir(tmp_path)
    for arguments, shown in (
        (["2"], "challenge version 2 answers 10% of the requests"),
        (["2", "--share", "0.25"], "challenge version 2 answers 25% of the requests"),
        (["2", "--shadow"], "challenge version 2 shadows 100% of the requests"),
        ([], "challenge version 2 shadows 100% of the requests"),
        (["stop"], "challenge none"),
        (["stop"], "challenge none"),
    ):
        assert command("challenge", *arguments) == 0
        assert shown in capsys.readouterr().out
    assert command("challenge", "7") == 5
    assert "error: shop has no version 7" in capsys.readouterr().err
