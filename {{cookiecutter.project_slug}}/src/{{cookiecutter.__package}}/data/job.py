"""``data``: sources → typed rows → transform → rules → splits, as a dataset version."""

import hashlib
import json
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from .. import __name__ as package
from .. import __version__
from ..config import DataConfig
from ..contract import READERS, Contract, FileSource, kind_of, load
from ..errors import ConfigError, DataError
from ..storage import file_hash, new_directory, only_run, read_pointer, write_file, write_pointer
from ..terminal import say
from .build import build, is_disk_full
from .dataset import Dataset, content_hash, label_statistics, report
from .leakage import sampled, suspects
from .read import readable
from .rows import files
from .split import SPLITS

LIBRARIES = ("numpy", "pandas", "polars", "pyarrow", "pydantic", "tzdata")
NOT_HASHED = ("__main__", "cli")
"""Modules that start the job and take no part in it."""
TEMPORARY = (".etl.*", "datasets/.*", "runs/.*", "snapshots/*/.*")


def run(contract: Contract, config: DataConfig) -> Dataset:
    """Make the dataset version that sources, contract, transform and split describe.

    Nothing is done when it is already there. An error leaves the current version as it was.

    Raises:
        DataError: a source, its rows or the transform do not fit; or another run is at work.
        ConfigError: a setting names something that the contract has not.
    """
    config.refuse_unknown(contract.sources, contract.columns)
    datasets = config.directory / "datasets"
    with _locked(config.directory):
        _fetch(contract, config)
        paths = {
            name: files(name, source, contract.source_columns(name), config.directory)
            for name, source in contract.sources.items()
        }
        inputs = describe(contract, config, paths)
        record = config.directory / "runs" / f"{key_of(inputs)}.json"
        manifest = json.loads(record.read_text()) if record.exists() else None
        if manifest is None or not (datasets / manifest["dataset"]).is_dir():
            manifest = _write(contract, config, paths, inputs)
            write_file(record, json.dumps(manifest, indent=2).encode())
        dataset = Dataset(path=datasets / manifest["dataset"])
        if read_pointer(datasets / "current") != dataset.name:
            write_pointer(datasets / "current", dataset.name)
    report(dataset, manifest)
    return dataset


@contextmanager
def _locked(directory: Path) -> Iterator[None]:
    """One run at a time; what a killed one left behind is removed, and a full disk is told."""
    try:
        with only_run(directory / ".lock", f"makes a dataset in '{directory}'"):
            for left in [path for pattern in TEMPORARY for path in directory.glob(pattern)]:
                shutil.rmtree(left) if left.is_dir() else left.unlink()
            yield
    except Exception as error:
        if not is_disk_full(error):
            raise
        raise DataError(
            f"no space is left below '{directory}'; the current dataset is unchanged: free some,"
            " or set data.directory to another disk"
        ) from None


def _fetch(contract: Contract, config: DataConfig) -> None:
    """Bring raw files that are not there, where ``data.fetch`` names who can."""
    if config.fetch is None:
        return
    try:
        module = import_module(f".{config.fetch}", __package__)
    except ModuleNotFoundError as error:
        if error.name != f"{__package__}.{config.fetch}":  # it is there, and imports what is not
            raise
        message = f"data.fetch: data/ has no module '{config.fetch}'; leave it out"
        raise ConfigError(message) from None
    sources = [source for source in contract.sources.values() if isinstance(source, FileSource)]
    for path in module.fetch(Path(getattr(source, kind_of(source))) for source in sources):
        say(f"fetched   {path}  {path.stat().st_size / 1e6:.1f} MB")


def describe(
    contract: Contract, config: DataConfig, paths: dict[str, list[Path]]
) -> dict[str, Any]:
    """Everything that decides a dataset's content; equal descriptions give equal rows."""
    for source in contract.sources.values():
        load(READERS[kind_of(source)])  # its module is one that the job loads
    settings = config.model_dump(mode="json", exclude={"directory", "fetch"})
    return settings | {
        "sources": {n: [[p.name, _fingerprint(p)] for p in files] for n, files in paths.items()},
        "contract": contract.hash,
        "libraries": {name: version(name) for name in LIBRARIES},
        "modules": {name: file_hash(path) for name, path in _modules()},
    }


def _fingerprint(path: Path) -> str:
    with readable(path):
        return file_hash(path)


def key_of(inputs: dict[str, Any]) -> str:
    """The name by which an earlier run with these inputs is found."""
    return hashlib.sha256(json.dumps(inputs, sort_keys=True).encode()).hexdigest()[:16]


def _modules() -> Iterator[tuple[str, Path]]:
    """Each module of ours that is loaded, the transform among them, and its file."""
    for name, module in sorted(sys.modules.items()):
        root, _, rest = name.partition(".")
        path = getattr(module, "__file__", None)
        if root == package and rest.split(".")[0] not in NOT_HASHED and path is not None:
            yield rest, Path(path)


def _write(
    contract: Contract, config: DataConfig, paths: dict[str, list[Path]], inputs: dict[str, Any]
) -> dict[str, Any]:
    """Write the dataset, unless one of the same rows and contract is there; its manifest."""
    quarantine = config.directory / "quarantine" / key_of(inputs)
    shutil.rmtree(quarantine, ignore_errors=True)
    quarantine.mkdir(parents=True)
    with TemporaryDirectory(prefix=".etl.", dir=config.directory) as temporary:
        scratch = Path(temporary)
        manifest = build(contract, config, paths, scratch, quarantine)
        content = content_hash(scratch)
        name = hashlib.sha256(f"{contract.text}{content}".encode()).hexdigest()[:16]
        manifest |= {
            "version": __version__,
            "dataset": name,
            "content_hash": content,
            "splits": label_statistics(scratch, contract),
            "suspects": suspects(sampled(scratch / "train.parquet"), contract),
            "quarantine": str(quarantine),
        } | {key: value for key, value in inputs.items() if key != "modules"}
        if not (target := config.directory / "datasets" / name).is_dir():
            with new_directory(target) as staging:
                for split in SPLITS:
                    (scratch / f"{split}.parquet").replace(staging / f"{split}.parquet")
                (staging / "contract.json").write_text(contract.text)
                (staging / "manifest.json").write_text(json.dumps(manifest, indent=2))
    return manifest
