"""What decides a dataset: the key by which an earlier run is found."""

import hashlib
import json
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

from .. import __name__ as package
from ..config import DataConfig
from ..contract import READERS, Contract, kind_of, load
from ..storage import file_hash
from .read import readable

LIBRARIES = ("numpy", "pandas", "polars", "pyarrow", "pydantic", "tzdata")
SHELLS = ("__main__", "cli", "demo")
"""Modules that start the job and take no part in it."""


def describe(
    contract: Contract, config: DataConfig, paths: dict[str, list[Path]]
) -> dict[str, Any]:
    """Everything that decides a dataset's content; equal descriptions give equal rows."""
    for source in contract.sources.values():
        load(READERS[kind_of(source)])  # its module is one that the job loads
    return {
        "sources": {n: [[p.name, _fingerprint(p)] for p in files] for n, files in paths.items()},
        "contract": contract.hash,
        "driving": config.driving,
        "keep": config.keep,
        "split": config.split.model_dump(mode="json"),
        "max_rejected_fraction": config.max_rejected_fraction,
        "libraries": {name: version(name) for name in LIBRARIES},
        "modules": _modules(),
    }


def key_of(description: dict[str, Any]) -> str:
    """A description's hash."""
    return hashlib.sha256(json.dumps(description, sort_keys=True).encode()).hexdigest()[:16]


def _modules() -> dict[str, str]:
    """A hash of the source text of each module of ours that is loaded, the transform among them."""
    hashes = {}
    for name, module in sorted(sys.modules.items()):
        root, _, rest = name.partition(".")
        path = getattr(module, "__file__", None)
        if root == package and rest.split(".")[0] not in SHELLS and path is not None:
            hashes[rest] = _fingerprint(Path(path))
    return hashes


def _fingerprint(path: Path) -> str:
    with readable(path):
        return file_hash(path)
