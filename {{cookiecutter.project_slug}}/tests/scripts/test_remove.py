"""What is taken out of a text with a part, what is refused, and the page that tells of it."""

import importlib.util
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from types import ModuleType

import pytest

from ..conftest import ROOT

TABLE = """
[lamp]
what = "Light."
files = ["src/*/lamp.py", "src/*/shades/"]

[radio]
what = "Sound."
files = ["src/*/radio.py"]
needs = ["lamp"]
"""
MODULE = '''
"""Doc."""

from .lamp import shine  # part: lamp
from .other import (
    one,
    two,  # part: lamp
)

PLACES = {
    "a": one(
        1,
    ),
    "b": shine(  # part: lamp
        2,
    ),
}


@cached  # part: lamp
def dim() -> int:
    return shine(1)


@cached
def light() -> int:  # part: lamp
    """Three lines.

    All of them go.
    """
    return shine()


class Desk:
    def on(self) -> None:
        if PLACES:  # part: lamp, radio
            shine()
        one()
'''
SHORTER = '''
"""Doc."""

from .other import (
    one,
)

PLACES = {
    "a": one(
        1,
    ),
}


class Desk:
    def on(self) -> None:
        one()
'''
SETTINGS = """\
port: 1
# part: lamp
watts: 5

colour: red
# end part: lamp

noise: 3 # in dB # part: radio
"""


@pytest.fixture(scope="module")
def remove() -> ModuleType:
    place = importlib.util.spec_from_file_location("remove", ROOT / "scripts" / "remove.py")
    assert place is not None
    assert place.loader is not None
    made = importlib.util.module_from_spec(place)
    place.loader.exec_module(made)
    return made


@pytest.fixture
def house(tmp_path: Path, remove: ModuleType, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small project with two parts, under git."""
    texts = {
        "scripts/parts.toml": TABLE,
        "src/house/desk.py": MODULE,
        "src/house/lamp.py": "def shine() -> int: ...\n",
        "src/house/shades/red.py": "RED = 1\n",
        "src/house/radio.py": "",
        "configs/house.yaml": SETTINGS,
        "README.md": "| a | b |\n| --- | --- |\n| c | d <!-- part: lamp --> |\n",
    }
    for name, text in texts.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    for arguments in (["init", "-q"], ["add", "."], ["commit", "-qm", "Start"]):
        who = ["-c", "user.name=A", "-c", "user.email=a@example.org"]
        subprocess.run(["git", *who, *arguments], cwd=tmp_path, check=True)
    monkeypatch.setattr(remove, "ROOT", tmp_path)
    return tmp_path


def files(root: Path) -> set[str]:
    found = {p.relative_to(root).as_posix() for p in root.rglob("*") if p.is_file()}
    return {name for name in found if not name.startswith(".git/")}


def test_a_part_goes_with_its_files_and_its_marked_lines(house: Path, remove: ModuleType) -> None:
    assert remove.main(["lamp", "radio"]) == 0
    kept = {"README.md", "configs/house.yaml", "scripts/parts.toml", "src/house/desk.py"}
    assert files(house) == kept
    assert (house / "src/house/desk.py").read_text() == SHORTER
    assert (house / "configs/house.yaml").read_text() == "port: 1\n"
    assert (house / "README.md").read_text() == "| a | b |\n| --- | --- |\n"


def test_what_others_are_marked_with_stays(house: Path, remove: ModuleType) -> None:
    assert remove.main(["radio"]) == 0
    text = MODULE.replace("        if PLACES:  # part: lamp, radio\n            shine()\n", "")
    assert (house / "src/house/desk.py").read_text() == text
    assert "watts" in (house / "configs/house.yaml").read_text()
    assert "noise" not in (house / "configs/house.yaml").read_text()


def test_a_second_time_there_is_nothing_to_take_out(
    house: Path, remove: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    assert remove.main(["radio"]) == 0
    capsys.readouterr()
    assert remove.main(["radio", "--force"]) == 0
    assert capsys.readouterr().out == "There was nothing to take out.\n"


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (["lampe"], "there is no part lampe; there are lamp, radio"),
        (["lamp"], "radio needs lamp; take it out as well: radio lamp"),
        ([], "usage: "),
        (["lamp", "--farce"], "usage: "),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_touched(
    house: Path,
    remove: ModuleType,
    capsys: pytest.CaptureFixture[str],
    given: list[str],
    told: str,
) -> None:
    before = files(house)
    assert remove.main(given) == 2
    assert told in capsys.readouterr().err
    assert files(house) == before


def test_changes_that_git_would_mix_up_are_refused_without_force(
    house: Path, remove: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    (house / "src/house/radio.py").write_text("LOUD = 11\n")
    assert remove.main(["radio"]) == 2
    told = capsys.readouterr().err
    assert "src/house/radio.py" in told
    assert "commit them first, or use --force" in told
    assert (house / "src/house/radio.py").exists()
    assert remove.main(["radio", "--force"]) == 0
    assert not (house / "src/house/radio.py").exists()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("# part: lamp\na: 1\n", "line 1 begins part lamp, which does not end"),
        ("a: 1\n# end part: lamp\n", "line 2 ends part lamp, which was not begun"),
    ],
)
def test_a_block_without_its_other_end_is_refused(
    house: Path, remove: ModuleType, capsys: pytest.CaptureFixture[str], text: str, told: str
) -> None:
    (house / "configs/house.yaml").write_text(text)
    before = files(house)
    assert remove.main(["lamp", "radio", "--force"]) == 2
    assert told in capsys.readouterr().err
    assert files(house) == before


def test_the_list_says_which_parts_are_there(
    house: Path, remove: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    assert remove.main(["radio"]) == 0
    capsys.readouterr()
    assert remove.main(["--list"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "lamp        Light.",
        "radio       (taken out) Sound.",
    ]


def test_the_page_tells_of_each_part_what_the_table_says(remove: ModuleType) -> None:
    text = (ROOT / "docs" / "remove.md").read_text("utf-8")
    parts = list(remove.read_parts(ROOT).values())
    assert text[text.index("\n## ") + 1 :] == remove.page(parts)


def test_the_page_of_what_is_yours_names_what_updates_and_adopt_leave_alone() -> None:
    text = (ROOT / "docs" / "own.md").read_text("utf-8")
    skipped = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["cruft"]["skip"]
    replaced = json.loads((ROOT / ".rendered.json").read_text("utf-8"))
    _, written, table, _ = re.split(r"^## .*$", text, flags=re.MULTILINE)
    assert set(re.findall(r"^- `([^`]+)`", written, re.MULTILINE)) <= set(skipped)
    lines = "\n".join(line for line in table.splitlines() if line.startswith("- "))
    assert set(re.findall(r"`([^`]+)`", lines)) >= set(replaced)  # fewer once a table was adopted


@pytest.mark.skipif(sys.platform == "win32", reason="make")
def test_make_calls_it() -> None:
    asked = ["make", "--no-print-directory", "--dry-run", "remove", "PART=tuning"]
    done = subprocess.run(asked, cwd=ROOT, check=True, capture_output=True, text=True)
    assert done.stdout.strip().endswith("scripts/remove.py tuning")
