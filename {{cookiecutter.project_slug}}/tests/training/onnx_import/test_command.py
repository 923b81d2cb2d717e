"""The commands as they are typed, where there is no dataset yet."""

import json
from pathlib import Path

import pytest
import yaml

from {{ cookiecutter.__package }}.contract import Contract

from ...conftest import Command

FAILURES = [
    (["encode-rows"], 3, "make data"),
    (["import-onnx", "model.onnx", "--encoding", "here"], 3, "make data"),
    (["import-onnx"], 2, "Missing argument"),
]


@pytest.mark.parametrize(("arguments", "code", "words"), FAILURES)
def test_a_failure_ends_with_its_code_and_says_what_to_do(
    shop: Contract,
    command: Command,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    code: int,
    words: str,
) -> None:
    configs = tmp_path / "configs"
    configs.mkdir()
    (configs / "contract.yaml").write_text(yaml.safe_dump(json.loads(shop.text), sort_keys=False))
    (configs / "data.yaml").write_text("driving: orders\nsplit: {by: hash}\n")
    monkeypatch.chdir(tmp_path)
    assert command(*arguments) == code
    assert words in capsys.readouterr().err
