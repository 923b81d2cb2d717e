"""Commands as they are typed: what they print, and the code with which they end."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import typer
import yaml

from {{ cookiecutter.__package }} import __version__, cli
from {{ cookiecutter.__package }}.arguments import needs
from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.data import transform
from {{ cookiecutter.__package }}.errors import MissingExtraError

from .conftest import PACKAGE, Command

COMMANDS = ["data", "train", "serve", "score", "replay", "monitor", "promote", "rollback"]
COMMANDS += ["history", "card", "alerts"]
HEAVY = {"fastapi", "mlflow", "numpy", "onnx", "onnxruntime", "pandas", "polars", "pyarrow"}
HEAVY |= {"scipy", "sklearn", "torch"}
DATA = {"driving": "orders", "split": {"validation_from": "2024-02-01", "test_from": "2024-03-01"}}
HEADER = "order,at,price,items,channel,city,gift,name,refund,returned\n"


@pytest.fixture
def place(tmp_path: Path, shop: Contract, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project folder, in which commands run, with the shop's contract and raw data."""
    configs = tmp_path / "configs"
    configs.mkdir()
    (configs / "contract.yaml").write_text(yaml.safe_dump(json.loads(shop.text), sort_keys=False))
    (configs / "data.yaml").write_text(yaml.safe_dump(DATA))
    rows = [
        f"o-{day},2024-0{month}-{day:02d},5,1,web,,,,,{'yes' if day % 2 else 'no'}\n"
        for month in (1, 2, 3)
        for day in range(1, 11)
    ]
    rows = [row.replace("o-", f"o-{number}-", 1) for number, row in enumerate(rows)]
    (tmp_path / "orders.csv").write_text(HEADER + "".join(rows))
    monkeypatch.setattr(transform, "transform", lambda sources: sources["orders"])
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_help_lists_every_command(command: Command, capsys: pytest.CaptureFixture[str]) -> None:
    assert command("--help") == 0
    words = capsys.readouterr().out.split()
    assert [name for name in {*COMMANDS, *typed_names()} if name not in words] == []


def typed_names() -> list[str]:
    """The commands of this project, those of options among them."""
    return list(typer.main.get_command(cli.app).commands)  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_explains_its_options(
    command: Command, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(name, "--help") == 0
    shown = capsys.readouterr().out
    assert {"--configs", "--set", "SECTION.KEY=VALUE"} <= set(shown.split())


def test_a_wrong_setting_or_contract_ends_a_command_before_anything_heavy_is_loaded(
    place: Path,
) -> None:
    wrong = place / "wrong"
    shutil.copytree(place / "configs", wrong)
    contract = (wrong / "contract.yaml").read_text().replace("target: returned", "target: retuned")
    (wrong / "contract.yaml").write_text(contract)
    runs = [f"{name} --configs wrong" for name in ("data", "train")]
    names = ("data", "train", "score", "monitor", "serve")
    runs += [f"{name} --set train.epoch=3" for name in names]
    program = [sys.executable, "-X", "importtime", "-m", PACKAGE]
    started = [
        subprocess.Popen([*program, *words.split()], stderr=subprocess.PIPE, text=True)
        for words in runs
    ]
    for process, words in zip(started, runs, strict=True):
        _, shown = process.communicate()
        assert process.returncode == 2, words
        assert f"did you mean '{'train.epochs' if '--set' in words else 'returned'}'?" in shown
        loaded = {line.rpartition("|")[2].strip() for line in shown.splitlines()}
        assert loaded & HEAVY == set(), words


def test_the_version_is_printed(command: Command, capsys: pytest.CaptureFixture[str]) -> None:
    assert command("version") == 0
    assert capsys.readouterr().out == f"{__version__}\n"


def test_data_are_made_and_the_last_line_says_where(
    place: Path, command: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command("data") == 0
    name = (place / "data" / "datasets" / "current").read_text().strip()
    lines = capsys.readouterr().out.splitlines()
    assert Path(lines[-1].removeprefix("dataset   ")).name == name
    assert "train      10 (50.0% positive)" in lines
    assert (place / "data" / "datasets" / name / "test.parquet").exists()


def test_a_setting_on_the_command_line_is_used(place: Path, command: Command) -> None:
    assert command("data", "--set", "data.directory=elsewhere", "--set", "data.keep=last") == 0
    assert (place / "elsewhere" / "datasets" / "current").exists()
    assert not (place / "data").exists()


def test_configs_elsewhere_are_used(place: Path, command: Command) -> None:
    (place / "configs").rename(place / "settings")
    assert command("data", "--configs", "settings") == 0


# arguments, exit code → what standard error says
FAILURES = [
    (["data", "--set", "train.speed=3"], 2, ["error: ", "train.speed", "no such key"]),
    (
        ["data", "--set", "speed"],
        2,
        ["error: ", "--set", "'speed' does not start section.key=value"],
    ),
    (["data", "--configs", "nowhere"], 2, ["error: ", "nowhere", "does not exist"]),
    (["train", "--configs", "nowhere"], 2, ["error: ", "no configuration folder", "--configs"]),
    (["data", "--set", "data.driving=sales"], 2, ["error: ", "'sales'", "the sources: orders"]),
    (["data", "--set", "data.driving=order"], 2, ["did you mean 'orders'?"]),
    (["data", "--set", "data.split={by: group, group: citty}"], 2, ["did you mean 'city'?"]),
    (["data", "--set", "data.split.validation_from=2024-01-01"], 3, ["error: ", "data.split"]),
    (["score", "--set", "data.directory=nowhere"], 3, ["error: ", "make data"]),
    (["score", "orders.csv"], 4, ["error: ", "make train"]),
    (["promote", "0"], 5, ["error: ", "shop has no version 0", "none yet"]),
    (["promote", "best"], 5, ["error: ", "shop has no best at present", "champion"]),
    (["promote", "1", "--override", " "], 5, ["error: ", "no version 1"]),
    (["rollback"], 5, ["error: ", "nothing to roll back to"]),
    (["card"], 5, ["error: ", "no champion at present"]),
    (["registry", "mend"], 2, ["mend"]),
    (["train", "--set", "train.tracker=paper"], 2, ["error: ", "train.tracker: 'paper' is no"]),
    (["replay", "--rows", "none"], 2, ["--rows"]),
    (["dta"], 2, ["Did you mean 'data'"]),
    (["data", "--sett", "a.b=c"], 2, ["--sett", "Possible options: --set"]),
    (["keys", "nw"], 2, ["Did you mean 'new'?"]),
    (["adopt", "a.csv", "--target", "x", "--task", "binry"], 2, ["did you mean 'binary'?"]),
]


@pytest.mark.parametrize(("arguments", "code", "words"), FAILURES, ids=lambda value: str(value))
def test_a_failure_ends_with_its_code_and_says_what_to_do(
    place: Path,
    command: Command,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    code: int,
    words: list[str],
) -> None:
    assert command(*arguments) == code
    shown = capsys.readouterr().err
    assert [word for word in words if word not in shown] == []
    assert "Traceback" not in shown


def test_a_library_that_is_missing_is_named_with_all_that_the_command_needs() -> None:
    installs = r"httpx is not installed.*\[all\]"
    with pytest.raises(MissingExtraError, match=installs), needs("all"):
        raise MissingExtraError("httpx", "monitor")
    with pytest.raises(MissingExtraError, match=installs), needs("all"):
        raise ModuleNotFoundError(name="httpx.internals")


def test_bad_rows_end_with_their_own_message(
    place: Path, command: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    with (place / "orders.csv").open("a") as file:
        file.write("o-x,never,5,1,web,,,,,yes\n" * 2 + "o-y,never,5,1,web,,,,,yes\n")
    assert command("data") == 3
    shown = capsys.readouterr().err
    assert "rejected 3 of 33 rows" in shown
    assert "data.max_rejected_fraction" in shown
    assert not (place / "data" / "datasets" / "current").exists()


def test_training_on_a_dataset_of_another_contract_is_refused(
    command: Command, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command("data") == 0
    path = place / "configs" / "contract.yaml"
    values = yaml.safe_load(path.read_text())
    values["columns"]["price"]["maximum"] = 2000
    path.write_text(yaml.safe_dump(values, sort_keys=False))
    assert command("train") == 2
    assert "is newer than the dataset; run: make data" in capsys.readouterr().err
