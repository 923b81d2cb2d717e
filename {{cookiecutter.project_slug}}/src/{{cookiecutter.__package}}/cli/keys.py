"""Commands for the server's API keys; a running server follows within 2 seconds."""

import sys
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
    per_minute: Annotated[
        int | None, typer.Option(help="Most requests within any minute.", min=1, max=1_000_000)
    ] = None,
    configs: Folder = CONFIGS,
    set_: Overrides = None,
) -> None:
    """Make a key and print it once; the file keeps only its hash."""
    from ..serving.access.keys import new_key

    path = _path(config_of(configs, set_).serve)
    print(new_key(path, name, per_minute))
    hint = f"'{path}' keeps only its hash; send the key as Authorization: Bearer KEY"
    print(hint, file=sys.stderr)  # so that KEY=$(... keys new NAME) holds the key alone


@keys.command("list")
def list_(configs: Folder = CONFIGS, set_: Overrides = None) -> None:
    """Show the names of the keys."""
    from ..serving.access.keys import read_keys

    path = _path(config_of(configs, set_).serve)
    rows = [(key.name, f"{key.made:%Y-%m-%d %H:%M}", key.per_minute) for key in read_keys(path)]
    table(f"keys in {path}", ("name", "made (UTC)", "per minute"), rows)


@keys.command("revoke")
def revoke(name: Name, configs: Folder = CONFIGS, set_: Overrides = None) -> None:
    """Refuse a key from now on."""
    from ..serving.access import keys as key_file

    path = _path(config_of(configs, set_).serve)
    key_file.revoke(path, name)
    say(f"revoked   {name}; a running server follows within 2 s")


def _path(config: ServeConfig) -> Path:
    if config.keys is None:
        raise ConfigError("serve.keys is null; set it to the file that is to hold the keys")
    return config.keys
