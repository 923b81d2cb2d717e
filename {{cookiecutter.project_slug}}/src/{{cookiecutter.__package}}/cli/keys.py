"""Commands for the server's API keys; a running server follows within 2 seconds."""

import sys
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from ..arguments import CONFIGS, Folder, Overrides, config_of
from ..config import ServeConfig
from ..errors import ConfigError
from ..terminal import say, table

keys = typer.Typer(no_args_is_help=True, help="Make and revoke API keys of the server.")
Name = Annotated[str, typer.Argument(help="Name of the key, such as billing-2026.")]


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.add_typer(keys, name="keys")


@keys.command("new")
def new(
    name: Name,
    configs: Folder = CONFIGS,
    set_: Overrides = None,
) -> None:
    """Print a new key, this once; only its hash is kept."""
    from ..serving.auth import new_key

    path = _path(config_of(configs, set_).serve)
    new_key(path, name, partial(print, flush=True))
    told = f"kept as a hash in '{path}', so shown this once; send it as Authorization: Bearer KEY"
    print(told, file=sys.stderr)  # so that KEY=$(... keys new NAME) holds the key alone


@keys.command("list")
def list_(configs: Folder = CONFIGS, set_: Overrides = None) -> None:
    """Show whose keys there are; the keys themselves nobody knows."""
    from ..serving.auth import read_keys

    path = _path(config_of(configs, set_).serve)
    rows = [(key.name, f"{key.made:%Y-%m-%d %H:%M}") for key in read_keys(path)]
    table(f"keys in {path}", ("name", "made (UTC)"), rows)


@keys.command("revoke")
def revoke(name: Name, configs: Folder = CONFIGS, set_: Overrides = None) -> None:
    """Let a key in no longer."""
    from ..serving import auth

    path = _path(config_of(configs, set_).serve)
    auth.revoke(path, name)
    say(f"revoked   {name}; a running server knows within 2 s")


def _path(config: ServeConfig) -> Path:
    if config.keys is None:
        raise ConfigError("serve.keys is null; set it to the file that is to hold the keys")
    return config.keys
