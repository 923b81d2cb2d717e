"""The reference tells of everything that there is, and says something of each."""

import ast
import sys
from pathlib import Path

import pytest
import reference
from reference import Entry, Page, Table, __main__, settings

from {{ cookiecutter.__package }} import serving
from {{ cookiecutter.__package }}.config import Config
from {{ cookiecutter.__package }}.serving import problems


@pytest.fixture(scope="module")
def pages() -> dict[str, Page]:
    return reference.pages()


def names(page: Page, title: str) -> set[str]:
    """Of what stands in a table."""
    return {entry.name for table in page.tables if table.title == title for entry in table.entries}


def test_everything_has_a_description(pages: dict[str, Page]) -> None:
    assert reference.undescribed(pages.values()) == []


def test_what_has_no_description_ends_the_build_with_its_place(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    entries = (Entry(name="epochs", meaning="Passes."), Entry(name="seed", meaning=" "))
    table = Table(title="train", intro="Of training.", entries=entries)
    page = Page(title="Settings", intro="", tables=(table,))
    monkeypatch.setattr(__main__, "pages", lambda: {"settings": page})
    monkeypatch.setattr(sys, "argv", ["reference", str(tmp_path)])
    assert __main__.main() == 1
    assert "Settings: train, seed" in capsys.readouterr().err


def test_every_setting_is_reported_with_what_it_takes_its_unit_and_its_default(
    pages: dict[str, Page],
) -> None:
    for name, field in Config.model_fields.items():
        if not field.exclude:
            (section,) = settings.models_in(field.annotation)
            assert names(pages["settings"], name) == set(section.model_fields)
    tables = {table.title: table for table in pages["settings"].tables}
    cells = {entry.name: entry.more for entry in tables["serve"].entries}
    assert cells["body_timeout_s"] == ("number > 0", "seconds", "`10.0`")
    assert cells["workers"] == ("whole number > 0", "", "`1`")
    assert {entry.name: entry.more for entry in tables["data"].entries}["driving"][2] == "required"


def test_every_command_and_metric_is_reported(pages: dict[str, Page]) -> None:
    titles = {table.title for table in pages["commands"].tables}
    assert {"train", "keys new", "contract show", "demo"} <= titles
    assert {"VERSION", "--why VALUE", "--override VALUE"} <= names(pages["commands"], "promote")
    assert "make train" in names(pages["commands"], "make")
    tables = {table.title: table for table in pages["metrics"].tables}
    server = {entry.name: entry.more for entry in tables["The server"].entries}
    assert server["requests_total"] == ("counter", "`route`, `status`")


def test_every_code_that_an_error_is_given_has_a_meaning() -> None:
    used: set[str] = set()
    for path in Path(*serving.__path__).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "ProblemError":
                code = getattr(node.args[0], "value", None)
                used.update({code} if isinstance(code, str) else ())
    assert len(used) > 10
    assert used | {"http_error", "not_found"} == problems.CODES.keys()


def test_a_page_is_a_table_that_bars_do_not_break() -> None:
    entry = Entry(name="--kind", meaning="a | b", more=("none",))
    table = Table(title="one", intro="", header=("given", "default", "meaning"), entries=(entry,))
    text = reference.markdown(Page(title="Page", intro="", tables=(table,)))
    assert "| `--kind` | none | a \\| b |" in text.splitlines()
