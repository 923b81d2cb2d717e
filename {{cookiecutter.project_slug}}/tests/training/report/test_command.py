"""The command ``report`` as it is typed."""

from pathlib import Path

import pytest

from ...conftest import Command, Workspace


def test_the_newest_version_is_drawn_again(
    workspace: Workspace, command: Command, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    configs = ["--configs", str(workspace.path / "configs")]
    drawn = tmp_path / workspace.contract.name / "version-1"
    assert command("report", *configs, "--set", f"monitor.reports={tmp_path}") == 0
    assert f"report    {drawn / 'report.html'}" in capsys.readouterr().out
    assert len(list(drawn.glob("*.svg"))) >= 3
    assert command("report", "7", *configs) == 5
    assert "no version 7" in capsys.readouterr().err
