"""The command ``report`` as it is typed."""

import json
from pathlib import Path

import pytest
import yaml

from {{ cookiecutter.__package }}.contract import Contract

from ...conftest import Command, Workspace


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["report"], 5, ["error: ", "no version yet", "make train"]),
        (["report", "7"], 5, ["error: ", "no version 7", "its versions: none yet"]),
        (["report", "0"], 2, ["greater than or equal to 1"]),
    ],
)
def test_a_version_that_is_not_there_is_refused(
    words: list[str],
    code: int,
    said: list[str],
    command: Command,
    shop: Contract,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "configs").mkdir()
    data = {"driving": "orders", "split": {"by": "hash"}}
    for name, section in (("contract", json.loads(shop.text)), ("data", data)):
        (tmp_path / "configs" / f"{name}.yaml").write_text(yaml.safe_dump(section))
    monkeypatch.chdir(tmp_path)
    assert command(*words) == code
    shown = capsys.readouterr().err
    assert [text for text in said if text not in shown] == []


def test_the_newest_version_is_drawn_again(
    workspace: Workspace, command: Command, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    configs = ["--configs", str(workspace.path / "configs")]
    drawn = tmp_path / workspace.contract.name / "version-1"
    assert command("report", *configs, "--set", f"monitor.reports={tmp_path}") == 0
    assert f"report    {drawn / 'report.html'}" in capsys.readouterr().out
    assert len(list(drawn.glob("*.svg"))) >= 3
