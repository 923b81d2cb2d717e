"""The reference tells of everything that there is, and says something of each."""

import ast
import sys
from pathlib import Path
from typing import Annotated

import pytest
import reference
import typer
from pydantic import BaseModel, create_model
from reference import Entry, Page, Table, __main__, commands, settings

from {{ cookiecutter.__package }} import serving
from {{ cookiecutter.__package }}.config import Config, Section
from {{ cookiecutter.__package }}.serving import problems


@pytest.fixture(scope="module")
def pages() -> dict[str, Page]:
    return reference.pages()


def names(page: Page, title: str) -> set[str]:
    """Of what stands in a table."""
    return {entry.name for table in page.tables if table.title == title for entry in table.entries}


def test_everything_has_a_description(pages: dict[str, Page]) -> None:
    assert reference.undescribed(pages.values()) == []


def test_what_has_no_description_is_told_with_its_place() -> None:
    told, untold = Entry(name="epochs", meaning="Passes."), Entry(name="seed", meaning=" ")
    page = Page(
        title="Settings",
        intro="",
        tables=(Table(title="train", intro="Of training.", entries=(told, untold)),),
    )
    assert reference.undescribed([page]) == ["Settings: train, seed"]


def test_a_setting_without_a_line_under_it_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    bare = create_model("Bare", __base__=Section, __doc__="A section.", secret=(int, 3))
    config = create_model("Config", __base__=Config, bare=(bare, bare()))
    monkeypatch.setattr(settings, "Config", config)
    assert reference.undescribed([settings.all_settings()]) == ["Settings: bare, secret"]


def test_an_option_without_help_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    app = typer.Typer()

    @app.command()
    def ask(loud: Annotated[bool, typer.Option("--loud")] = False) -> None:
        """Ask."""

    @app.command()
    def mute() -> None: ...

    monkeypatch.setattr(commands, "app", app)
    found = reference.undescribed([commands.all_commands()])
    assert found == ["Commands: ask, --loud", "Commands: mute"]


def test_what_has_no_description_ends_the_build(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = Page(title="Metrics", intro="", tables=(Table(title="The server", intro=""),))
    monkeypatch.setattr(__main__, "pages", lambda: {"metrics": page})
    monkeypatch.setattr(sys, "argv", ["reference", str(tmp_path)])
    assert __main__.main() == 1
    assert "Metrics: The server has no description" in capsys.readouterr().err


def test_every_setting_of_every_section_is_told(pages: dict[str, Page]) -> None:
    titles = {table.title for table in pages["settings"].tables}
    for name, field in Config.model_fields.items():
        if field.exclude:
            continue
        (section,) = settings.models_in(field.annotation)
        assert names(pages["settings"], name) == set(section.model_fields)
        for key, each in section.model_fields.items():
            for below in settings.models_in(each.annotation):
                assert issubclass(below, BaseModel)
                assert any(title.startswith(f"{name}.{key}") for title in titles), key


@pytest.mark.parametrize(
    ("section", "setting", "cells"),
    [
        ("serve", "reload_s", ("number > 0", "seconds", "`1.0`")),
        ("serve", "workers", ("whole number > 0", "", "`1`")),
        ("monitor", "window_days", ("whole number > 0", "days", "`7`")),
        ("data", "max_rejected_fraction", ("number ≥ 0 ≤ 1", "share", "`0.05`")),
        ("data", "driving", ("text", "", "required")),
    ],
)
def test_a_setting_is_told_with_what_it_takes_its_unit_and_its_default(
    pages: dict[str, Page], section: str, setting: str, cells: tuple[str, ...]
) -> None:
    (table,) = (table for table in pages["settings"].tables if table.title == section)
    assert {entry.name: entry.more for entry in table.entries}[setting] == cells


def test_every_command_is_told_with_its_options(pages: dict[str, Page]) -> None:
    titles = {table.title for table in pages["commands"].tables}
    assert {"train", "keys new", "registry repair", "demo"} <= titles
    assert {"VERSION", "--why VALUE", "--override VALUE"} <= names(pages["commands"], "promote")
    assert "make train" in names(pages["commands"], "make")


def test_every_code_that_an_error_is_given_has_a_meaning() -> None:
    used: set[str] = set()
    for path in Path(*serving.__path__).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "ProblemError":
                code = getattr(node.args[0], "value", None)
                used.update({code} if isinstance(code, str) else ())
    assert len(used) > 10
    assert used | {"http_error", "not_found"} == problems.CODES.keys()
    assert set(problems.DOCUMENTED) <= {status for status, _ in problems.CODES.values()}


def test_metrics_are_told_with_their_labels(pages: dict[str, Page]) -> None:
    tables = {table.title: table for table in pages["metrics"].tables}
    server = {entry.name: entry.more for entry in tables["The server"].entries}
    found = {entry.name: entry.more for entry in tables["What monitoring found last"].entries}
    assert server["requests_total"] == ("counter", "`route`, `status`")
    assert server["request_duration_seconds"] == ("histogram", "`route`")
    assert "`severity`" in found["monitoring_alert_active"][1]


def test_a_page_is_a_table_that_bars_do_not_break() -> None:
    entry = Entry(name="--kind", meaning="a | b", more=("none",))
    header = ("given", "default", "meaning")
    table = Table(title="one", intro="Told.", header=header, entries=(entry,))
    text = reference.markdown(Page(title="Page", intro="", tables=(table,)))
    assert "| `--kind` | none | a \\| b |" in text.splitlines()
