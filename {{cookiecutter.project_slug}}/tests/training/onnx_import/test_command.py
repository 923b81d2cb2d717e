"""The commands as they are typed, where there is no dataset yet."""

from pathlib import Path

import pytest

from {{ cookiecutter.__package }}.contract import Contract

from ...conftest import Command

IMPORT = ["import-onnx", "model.onnx", "--encoding", "here"]


def test_a_failure_ends_with_its_code_and_says_what_to_do(
    shop: Contract,
    command: Command,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "contract.yaml").write_text(shop.text)
    (tmp_path / "data.yaml").write_text("driving: orders\nsplit: {by: hash}\n")
    for arguments in (["encode-rows"], IMPORT):
        assert command(*arguments, "--configs", str(tmp_path)) == 3
        assert "make data" in capsys.readouterr().err
    assert command("import-onnx") == 2
    assert "Missing argument" in capsys.readouterr().err
