"""What commands have in common."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from ..config import Config, load
from ..contract import load_contract
from ..errors import ConfigError, MissingExtraError

Folder = Annotated[
    Path, typer.Option("--configs", help="Folder of contract.yaml and the settings.")
]
Overrides = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="SECTION.KEY=VALUE", help="Override a setting; may be repeated."),
]
CONFIGS = Path("configs")
CONTRACT = "contract.yaml"


@contextmanager
def needs(extra: str) -> Iterator[None]:
    """Around a job's import: a library that is not there becomes the command that installs it."""
    try:
        yield
    except ModuleNotFoundError as error:
        library = (error.name or "").partition(".")[0]
        if library in {"", __name__.partition(".")[0]}:  # a fault of our own
            raise
        raise MissingExtraError(library, extra) from None
    except MissingExtraError as error:  # of a module that less would do for
        raise MissingExtraError(error.library, extra) from None


def config_of(configs: Path, overrides: list[str] | None, over: Path | None = None) -> Config:
    """The settings that files, environment and command line give."""
    return load(configs, overrides or [], over)


def name_of(configs: Path) -> str:
    """The model's name."""
    return load_contract(configs / CONTRACT).name


def refuse_newer_contract(configs: Path, config: Config) -> None:
    """What is learned and judged follows the contract that the rows were checked against.

    Raises:
        ConfigError: the contract was changed since.
    """
    with needs("train"):
        from ..data.dataset import current

    if current(config.data.directory).contract.hash != load_contract(configs / CONTRACT).hash:
        raise ConfigError(f"'{configs / CONTRACT}' is newer than the dataset; run: make data")
