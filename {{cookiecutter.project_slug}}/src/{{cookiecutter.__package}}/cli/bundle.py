"""Commands about bundles: models from elsewhere, and who says that a bundle may be used."""

from pathlib import Path
from typing import Annotated

import typer

from ..errors import ConfigError
from ..models.versions import Versions
from ..terminal import say
from .options import CONFIGS, Folder, Overrides, config_of, name_of, needs, refuse_newer_contract

bundle = typer.Typer(no_args_is_help=True, help="Bring in models trained elsewhere; sign bundles.")


@bundle.command("encode")
def encode(configs: Folder = CONFIGS, set_: Overrides = None) -> None:
    """Write the training and validation rows as matrices, to train anything on."""
    with needs("train"):
        from ..training.elsewhere import encoding

    config = config_of(configs, set_)
    refuse_newer_contract(configs, config)
    encoding.run(config)


@bundle.command("import")
def import_(
    model: Annotated[Path, typer.Argument(help="The ONNX file.")],
    encoding: Annotated[
        Path | None, typer.Option(help="Folder of the encoding whose matrix the model takes.")
    ] = None,
    output: Annotated[
        str | None, typer.Option(help="The output that is predicted, where there are several.")
    ] = None,
    logits: Annotated[
        bool, typer.Option("--logits", help="It gives logits: put sigmoid or softmax behind.")
    ] = False,
    configs: Folder = CONFIGS,
    set_: Overrides = None,
) -> None:
    """Gate and register an ONNX model on the current dataset, like one that was trained here."""
    with needs("train"):
        from ..training.elsewhere import imported

    config = config_of(configs, set_)
    refuse_newer_contract(configs, config)
    imported.run(config, model, encoding, output=output, logits=logits)


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
