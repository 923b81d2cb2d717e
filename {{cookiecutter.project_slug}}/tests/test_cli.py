"""Commands as they are typed: what they print, and the code with which they end."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from unittest.mock import Mock

import pytest
import typer

from {{ cookiecutter.__package }} import cli
from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.data import transform

from .conftest import PACKAGE, ROOT, Command, write_configs

HEAVY = {"fastapi", "mlflow", "numpy", "onnx", "onnxruntime", "pandas", "polars", "pyarrow"}
HEAVY |= {"scipy", "sklearn", "torch"}
DATA = {"driving": "orders", "split": {"validation_from": "2024-02-01", "test_from": "2024-03-01"}}
HEADER = "order,at,price,items,channel,city,gift,name,refund,returned\n"


@pytest.fixture
def place(tmp_path: Path, shop: Contract, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project folder, in which commands run, with the shop's contract and raw data."""
    write_configs(tmp_path, {"contract": json.loads(shop.text), "data": DATA})
    days = [f"2024-0{month}-{day:02d}" for month in (1, 2, 3) for day in range(1, 11)]
    rows = [f"o-{day},{day},5,1,web,,,,,{'yes' if int(day[-1]) % 2 else 'no'}\n" for day in days]
    (tmp_path / "orders.csv").write_text(HEADER + "".join(rows))
    monkeypatch.setattr(transform, "transform", lambda sources: sources["orders"])
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_every_command_is_listed_and_explains_its_options(
    command: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    names = {*typer.main.get_command(cli.app).commands}  # type: ignore[attr-defined]
    assert command("--help") == 0
    assert names <= set(capsys.readouterr().out.split())
    for name in names - {"adopt", "challenger", "keys", "logs"}:
        assert command(name, "--help") == 0
        assert {"--configs", "--set", "SECTION.KEY=VALUE"} <= set(capsys.readouterr().out.split())


def test_a_wrong_setting_or_contract_ends_a_command_before_anything_heavy_is_loaded(
    place: Path,
) -> None:
    wrong = place / "wrong"
    shutil.copytree(place / "configs", wrong)
    contract = (wrong / "contract.yaml").read_text().replace("target: returned", "target: retuned")
    (wrong / "contract.yaml").write_text(contract)
    runs = [f"{name} --configs wrong" for name in ("data", "train")]
    runs += [f"{name} --set train.epoch=3" for name in ("score", "monitor", "serve")]
    for words in runs:
        program = [sys.executable, "-X", "importtime", "-m", PACKAGE, *words.split()]
        ended = subprocess.run(program, capture_output=True, text=True, check=False)
        assert ended.returncode == 2, words
        meant = "train.epochs" if "--set" in words else "returned"
        assert f"did you mean '{meant}'?" in ended.stderr
        loaded = {line.rpartition("|")[2].strip() for line in ended.stderr.splitlines()}
        assert loaded & HEAVY == set(), words


def test_data_are_made_and_said_where_and_are_old_under_another_contract(
    place: Path, command: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    (place / "configs").rename(place / "settings")
    arguments = ["--configs", "settings", "--set", "data.directory=made"]
    assert command("data", *arguments) == 0
    name = (place / "made" / "datasets" / "current").read_text().strip()
    lines = capsys.readouterr().out.splitlines()
    assert Path(lines[-1].removeprefix("dataset   ")).name == name
    assert "train      10 (50.0% false, 50.0% true)" in lines
    assert (place / "made" / "datasets" / name / "test.parquet").exists()
    path = place / "settings" / "contract.yaml"
    path.write_text(path.read_text().replace("maximum: 1000", "maximum: 2000"))
    assert command("train", *arguments) == 2
    assert "is newer than the dataset; run: make data" in capsys.readouterr().err


# arguments, exit code → what standard error says
FAILURES = [
    ("train --configs nowhere", 2, ["error: ", "no configuration folder", "--configs"]),
    ("data --set data.driving=order", 2, ["data.driving: 'order'", "the sources: orders"]),
    ('data --set data.split={"by":"group","group":"citty"}', 2, ["did you mean 'city'?"]),
    ("data --set data.split.validation_from=2024-01-01", 3, ["error: ", "data.split"]),
    ("score orders.csv", 4, ["error: ", "make train"]),
    ("promote 0", 5, ["error: ", "shop has no version 0", "none yet"]),
    ("keys new a --set serve.keys=null", 2, ["serve.keys is null; set it to the file"]),
    ("dta", 2, ["Did you mean 'data'"]),
    ("data --sett a.b=c", 2, ["--sett", "Possible options: --set"]),
]


@pytest.mark.parametrize(("arguments", "code", "words"), FAILURES)
def test_a_failure_ends_with_its_code_and_says_what_to_do(
    place: Path,
    command: Command,
    capsys: pytest.CaptureFixture[str],
    arguments: str,
    code: int,
    words: list[str],
) -> None:
    assert command(*arguments.split()) == code
    shown = capsys.readouterr().err
    assert [word for word in words if word not in shown] == []
    assert "Traceback" not in shown


def test_a_library_that_is_missing_is_named_with_the_command_that_installs_it(
    command: Command, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cli, "app", Mock(side_effect=ModuleNotFoundError(name="scipy.stats")))
    for name, extra in (("monitor", "monitor"), ("train", "all")):
        assert command(name) == 2
        expected = f"error: scipy is not installed; install it with: pip install '.[{extra}]' (if"
        assert capsys.readouterr().err.startswith(expected)
    monkeypatch.setattr(cli, "app", Mock(side_effect=ModuleNotFoundError(name=f"{PACKAGE}.x")))
    with pytest.raises(ModuleNotFoundError):
        command("train")


def test_a_stage_that_fails_ends_the_demo_with_its_code_and_message(place: Path) -> None:
    (place / "orders.csv").unlink()
    program = ["bash", str(ROOT / "scripts" / "demo.sh"), "--set", "data.directory=made"]
    variables = os.environ | {"PYTHON": sys.executable}
    ended = subprocess.run(program, capture_output=True, text=True, check=False, env=variables)
    assert (ended.returncode, "── train" in ended.stdout) == (3, False)
    assert "'orders.csv' does not exist" in ended.stderr
    assert "'data' ended with exit code 3" in ended.stderr
