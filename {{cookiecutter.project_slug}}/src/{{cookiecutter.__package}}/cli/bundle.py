"""Commands about bundles: who says that one may be used."""

from typing import Annotated

import typer

from ..arguments import CONFIGS, Folder, Overrides, config_of, name_of
from ..errors import ConfigError
from ..models.versions import Versions
from ..terminal import say

bundle = typer.Typer(no_args_is_help=True, help="Look after bundles.")


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.add_typer(bundle, name="bundle")


@bundle.command("key")
def key() -> None:
    """Print a new key to sign bundles with, for the environment variable BUNDLE_KEY."""
    from ..models.signature import new_key

    print(new_key())


@bundle.command("sign")
def sign(
    versions: Annotated[
        list[str], typer.Argument(help="Versions: numbers, champion or challenger.")
    ],
    configs: Folder = CONFIGS,
    set_: Overrides = None,
) -> None:
    """Sign bundles with the key in BUNDLE_KEY; those that are signed are signed anew."""
    from ..models import signature
    from ..models.bundle import sign as sign_bundle

    keys = signature.known()
    if keys is None:
        raise ConfigError(
            f"{signature.KEY} is not set; give it the key to sign with, or make one with:"
            f" {signature.COMMAND} key"
        )
    all_of = Versions(config_of(configs, set_).train.bundles, name_of(configs))
    for version in [all_of.find(what) for what in versions]:
        sign_bundle(all_of.folder / version.bundle, keys)
        say(f"signed    {all_of.name} version {version.number}, bundle {version.bundle}")
