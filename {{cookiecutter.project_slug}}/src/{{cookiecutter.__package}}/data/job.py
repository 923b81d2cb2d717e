"""``data``: sources → typed rows → transform → rules → splits, as a dataset version."""

import errno
import hashlib
import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from ..atomic import file_hash, new_directory, point, pointed
from ..config import DataConfig
from ..contract import Contract, CsvSource
from ..errors import ConfigError, DataError
from ..terminal import say
from . import transform
from .build import Run, build
from .dataset import Dataset
from .files import fingerprint
from .labels import told
from .quarantine import main_reasons
from .sources import files

DISK_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def run(contract: Contract, config: DataConfig) -> Dataset:
    """Make the dataset version that sources, contract, transform and split describe.

    Nothing is done when it is already there. An error leaves the current version as it was.

    Raises:
        DataError: a source, its rows or the transform do not fit; or another run is at work.
        ConfigError: a setting names something that the contract has not.
    """
    if config.driving not in contract.sources:
        raise ConfigError(
            f"data.driving is '{config.driving}', but the contract's sources are"
            f" {', '.join(contract.sources)}; name one of them in data.yaml"
        )
    try:
        with alone(config.directory):
            return _run(contract, config)
    except OSError as error:
        if error.errno not in DISK_FULL:
            raise
        raise DataError(
            f"no space is left below '{config.directory}': {error.strerror}; the current dataset is"
            " unchanged: free some, or set data.directory to another disk"
        ) from None


@contextmanager
def alone(directory: Path) -> Iterator[None]:
    """One run at a time; what a killed one left behind is removed.

    Raises:
        DataError: another run is at work.
    """
    directory.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(directory / ".lock", timeout=0):
            for left in (*directory.glob(".etl.*"), *(directory / "datasets").glob(".*")):
                shutil.rmtree(left) if left.is_dir() else left.unlink()
            yield
    except Timeout:
        raise DataError(
            f"another run makes a dataset in '{directory}'; wait until it ends"
        ) from None


def _run(contract: Contract, config: DataConfig) -> Dataset:
    _fetch(contract, config)
    paths = {name: files(contract, name, config.directory) for name in contract.sources}
    identity = describe(contract, config, paths)
    name = hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()[:16]
    datasets = config.directory / "datasets"
    dataset = Dataset(path=datasets / name)
    if not dataset.path.is_dir():
        quarantine = config.directory / "quarantine" / name
        shutil.rmtree(quarantine, ignore_errors=True)
        quarantine.mkdir(parents=True)
        with (
            new_directory(dataset.path) as staging,
            tempfile.TemporaryDirectory(prefix=".etl.", dir=config.directory) as scratch,
        ):
            work = Run(
                contract=contract,
                config=config,
                paths=paths,
                quarantine=quarantine,
                scratch=Path(scratch),
            )
            manifest = build(work, staging) | identity
            (staging / "contract.json").write_text(contract.text)
            (staging / "manifest.json").write_text(json.dumps(manifest, indent=2))
    if pointed(datasets / "current") != name:
        point(datasets / "current", name)
    report(dataset)
    return dataset


def _fetch(contract: Contract, config: DataConfig) -> None:
    """Bring raw files that are not there, where ``data.fetch`` names who can."""
    if config.fetch is None:
        return
    try:
        module = import_module(f".{config.fetch}", __package__)
    except ModuleNotFoundError:
        raise ConfigError(
            f"data.fetch is '{config.fetch}', but data/ has no module of this name; leave it out"
        ) from None
    csv = [source.csv for source in contract.sources.values() if isinstance(source, CsvSource)]
    for path in module.fetch(map(Path, csv)):
        say(f"fetched   {path}  {path.stat().st_size / 1e6:.1f} MB")


def describe(
    contract: Contract, config: DataConfig, paths: dict[str, list[Path]]
) -> dict[str, Any]:
    """Everything that decides a dataset's content; equal descriptions give equal rows."""
    return {
        "sources": {
            name: [[path.name, fingerprint(path)] for path in found]
            for name, found in paths.items()
        },
        "contract": contract.hash,
        "transform": file_hash(Path(transform.__file__)),
        "driving": config.driving,
        "keep": config.keep,
        "split": config.split.model_dump(mode="json"),
        "code": [file_hash(path) for path in sorted(Path(__file__).parent.glob("*.py"))],
    }


def report(dataset: Dataset) -> None:
    """Show where every row went, what may leak, and the last line: what is there and where."""
    manifest = dataset.manifest
    for name, by_file in manifest["source_rows"].items():
        for file, counts in by_file.items():
            _say_counts(name if len(by_file) == 1 else Path(file).name, counts)
        _say_reasons(manifest["reasons"][name])
    _say_counts("→ rows", manifest["rows"])
    _say_reasons(manifest["reasons"]["contract"])
    for name, found in manifest["suspects"].items():
        say(
            f"WARNING   '{name}' alone tells the target ({found:.3f} of 1 on training rows): is it"
            " known before? If not, say leaks: true in contract.yaml"
        )
    if (cut := manifest["cut"]) and manifest["split"]["by"] == "recent":
        say(f"split     validation from {cut['validation_from']}, test from {cut['test_from']}")
    parts = [f"{name} {told(split)}" for name, split in manifest["splits"].items()]
    say(f"dataset   {dataset.path}  {', '.join(parts)}")


def _say_counts(name: str, counts: dict[str, int]) -> None:
    say(f"{name:<9} " + "  ".join(f"{key} {value:,}" for key, value in counts.items()))


def _say_reasons(reasons: dict[str, int]) -> None:
    if reasons:
        say(f"          {main_reasons(reasons)}")
