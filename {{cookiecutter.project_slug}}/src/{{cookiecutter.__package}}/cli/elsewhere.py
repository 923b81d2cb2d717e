"""Commands about models that others trained: what they learn from, and how they come in."""

from pathlib import Path
from typing import Annotated

import typer

from .bundle import bundle
from .options import CONFIGS, Folder, Overrides, config_of, needs, refuse_newer_contract


def add_to(app: typer.Typer) -> None:  # noqa: ARG001 - they are commands of ``bundle``
    """Add the commands."""
    bundle.command()(encode)
    bundle.command("import")(import_)


def encode(configs: Folder = CONFIGS, set_: Overrides = None) -> None:
    """Write the training and validation rows as matrices, to train anything on."""
    with needs("train"):
        from ..training.elsewhere import encoding

    config = config_of(configs, set_)
    refuse_newer_contract(configs, config)
    encoding.run(config)


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
