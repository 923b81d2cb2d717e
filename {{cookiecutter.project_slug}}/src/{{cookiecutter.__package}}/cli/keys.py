"""Commands that make and revoke API keys of the server."""

import sys
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from ..arguments import CONFIGS, Folder, Overrides, config_of
from ..errors import ConfigError
from ..terminal import say, table

keys = typer.Typer(
    no_args_is_help=True,
    help="Make and revoke the server's API keys; a running server follows within 2 seconds.",
)
KeyName = Annotated[str, typer.Argument(help="The key's name, such as billing-2026.")]


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(keys, name="keys")


@keys.command("new")
def new_key(name: KeyName, configs: Folder = CONFIGS, set_: Overrides = None) -> None:
    """Make a key and print it once; only its hash is kept."""
    from ..serving.auth import new_key

    path = _keys_file(configs, set_)
    new_key(path, name, partial(print, flush=True))
    note = f"kept as a hash in '{path}', so shown this once; send it as Authorization: Bearer KEY"
    print(note, file=sys.stderr)  # so that KEY=$(... keys new NAME) holds the key alone


@keys.command("list")
def list_keys(configs: Folder = CONFIGS, set_: Overrides = None) -> None:
    """List the names of the keys; the keys themselves are not kept."""
    from ..serving.auth import read_keys

    path = _keys_file(configs, set_)
    rows = [(key.name, f"{key.made:%Y-%m-%d %H:%M}") for key in read_keys(path)]
    table(f"keys in {path}", ("name", "made (UTC)"), rows)


@keys.command("revoke")
def revoke_key(name: KeyName, configs: Folder = CONFIGS, set_: Overrides = None) -> None:
    """Revoke a key."""
    from ..serving.auth import revoke

    revoke(_keys_file(configs, set_), name)
    say(f"revoked   {name}; a running server knows within 2 s")


def _keys_file(configs: Path, overrides: list[str] | None) -> Path:
    path = config_of(configs, overrides).serve.keys
    if path is None:
        raise ConfigError("serve.keys is null; set it to the file that is to hold the keys")
    return path
