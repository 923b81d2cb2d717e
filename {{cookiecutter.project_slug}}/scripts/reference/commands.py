"""Every target of make, and every command with what it is given."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import typer

from {{ cookiecutter.__package }}.cli import app
from {{ cookiecutter.__package }}.config import Config

from .page import Entry, Page, Table
from .settings import told

MAKEFILE = Path(__file__).parents[2] / "Makefile"
TARGET = re.compile(r"^([a-z-]+):.*## (.*)$", re.MULTILINE)


def all_commands() -> Page:
    """Every target of make, and every command with what it is given."""
    targets = TARGET.findall(MAKEFILE.read_text("utf-8"))
    made = tuple(Entry(name=f"make {name}", meaning=f"`{said}`") for name, said in targets)
    first = Table(
        title="make",
        intro='Short names; `ARGS="…"` hands options on to the command.',
        header=("target", "as `make help` says it"),
        entries=made,
    )
    intro = (
        "Behind each target stands a command. Without make, call"
        f" `.venv/bin/python -m {Config.__module__.partition('.')[0]} COMMAND`, or after an"
        " installation the command of the project's name."
    )
    tables = (first, *_command_tables(typer.main.get_command(app), ()))
    return Page(title="Commands", intro=intro, tables=tables)


def _command_tables(command: Any, path: tuple[str, ...]) -> Iterator[Table]:
    below: Mapping[str, Any] = getattr(command, "commands", {})
    for name, each in sorted(below.items()):
        yield from _command_tables(each, (*path, name))
    if not below:
        given = tuple(_parameter(each) for each in command.params if each.name != "help")
        yield Table(
            title=" ".join(path),
            intro=" ".join((command.help or "").split()),
            header=("given", "default", "meaning") if given else (),
            entries=given,
        )


def _parameter(given: Any) -> Entry:
    is_option = given.param_type_name == "option"
    name = ", ".join(given.opts) if is_option else given.name.upper()
    if is_option and not given.is_flag:
        name += f" {given.metavar or 'VALUE'}"
    default = "required" if given.required else told(given.default)
    if given.envvar:
        default += f"; else the variable `{given.envvar}`"
    return Entry(name=name, meaning=given.help or "", more=(default,))
