"""Arguments that commands share, and what they read: settings and contract, before any library."""

from pathlib import Path
from typing import Annotated

import typer

from .config import Config, load
from .contract import Contract, load_contract
from .errors import ConfigError
from .storage import read_pointer
from .terminal import print_json

Folder = Annotated[
    Path, typer.Option("--configs", help="The folder with contract.yaml and the settings.")
]
Overrides = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="SECTION.KEY=VALUE", help="Change a setting; may be repeated."),
]
Json = Annotated[
    bool,
    typer.Option(
        "--json",
        help="Print each table as a line of JSON, and all else to standard error.",
        callback=print_json,
    ),
]
CONFIGS = Path("configs")
CONTRACT = "contract.yaml"

config_of = load
"""The settings that files, environment and command line give."""


def contract_of(configs: Path) -> Contract:
    """The contract, which lies with the settings."""
    return load_contract(configs / CONTRACT)


def name_of(configs: Path) -> str:
    """The model's name."""
    return contract_of(configs).name


def refuse_newer_contract(configs: Path, config: Config) -> None:
    """Raise a ``ConfigError`` if the contract was changed since the current dataset was made."""
    text, datasets = contract_of(configs).text, config.data.directory / "datasets"
    made = datasets / (read_pointer(datasets / "current") or "none") / "contract.json"
    if made.exists() and made.read_text("utf-8") != text:
        raise ConfigError(f"'{configs / CONTRACT}' is newer than the dataset; run: make data")
