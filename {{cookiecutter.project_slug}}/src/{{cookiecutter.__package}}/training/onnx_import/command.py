"""The commands ``encode-rows`` and ``import-onnx``."""

from pathlib import Path
from typing import Annotated

import typer

from ...arguments import CONFIGS, Folder, Overrides, config_of, needs, refuse_newer_contract


def add_to(app: typer.Typer) -> None:
    """Register both commands."""
    app.command("encode-rows")(encode_rows)
    app.command("import-onnx")(import_onnx)


def encode_rows(configs: Folder = CONFIGS, set_: Overrides = None) -> None:
    """Write the training and validation rows as matrices, to train on elsewhere."""
    config = config_of(configs, set_)
    refuse_newer_contract(configs, config)
    with needs("train"):
        from . import job

    job.encode(config)


def import_onnx(
    model: Annotated[Path, typer.Argument(help="The ONNX file.")],
    encoding: Annotated[
        Path, typer.Option(help="The folder of data/encoded/ that the model was trained on.")
    ],
    configs: Folder = CONFIGS,
    set_: Overrides = None,
) -> None:
    """Check an ONNX model by the gate, and register it."""
    config = config_of(configs, set_)
    refuse_newer_contract(configs, config)
    with needs("train"):
        from . import job

    job.run(config, model, encoding)
