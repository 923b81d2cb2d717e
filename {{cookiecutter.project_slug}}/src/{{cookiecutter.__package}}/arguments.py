"""Arguments that commands share, and what they read: settings and contract, before any library."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from .config import Config, load
from .contract import Contract, load_contract
from .errors import ConfigError, MissingExtraError

Folder = Annotated[
    Path, typer.Option("--configs", help="Folder of contract.yaml and the settings.")
]
Overrides = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="SECTION.KEY=VALUE", help="Change a setting; may be repeated."),
]
CONFIGS = Path("configs")
CONTRACT = "contract.yaml"


@contextmanager
def needs(extra: str) -> Iterator[None]:
    """Around a job's import: a library that is absent becomes the command that installs it."""
    try:
        yield
    except ModuleNotFoundError as error:
        library = (error.name or "").partition(".")[0]
        if library in {"", __name__.partition(".")[0]}:  # a fault of our own
            raise
        raise MissingExtraError(library, extra) from None
    except MissingExtraError as error:  # of a module that less would do for
        raise MissingExtraError(error.library, extra) from None


config_of = load
"""The settings that files, environment and command line give."""


def name_of(configs: Path) -> str:
    """The model's name."""
    return load_contract(configs / CONTRACT).name


def refuse_newer_contract(configs: Path, config: Config) -> None:
    """Raise a ``ConfigError`` if the contract was changed since the current dataset was made."""
    contract, datasets = load_contract(configs / CONTRACT), config.data.directory / "datasets"
    try:
        name = (datasets / "current").read_text("utf-8").strip()
        text = (datasets / name / "contract.json").read_text("utf-8")
    except FileNotFoundError:
        return
    if Contract.model_validate_json(text).hash != contract.hash:
        raise ConfigError(f"'{configs / CONTRACT}' is newer than the dataset; run: make data")
