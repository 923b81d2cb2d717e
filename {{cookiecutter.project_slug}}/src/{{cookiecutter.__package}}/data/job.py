"""``data``: sources → typed rows → transform → rules → splits, as a dataset version."""

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

from .. import __version__
from ..config import DataConfig
from ..contract import Contract, FileSource, kind_of
from ..errors import ConfigError, DataError
from ..storage import new_directory, read_pointer, write_file, write_pointer
from ..terminal import say
from .account import Run, is_disk_full
from .build import build
from .dataset import Dataset, content_hash
from .identity import describe, key_of
from .leakage import tell_alone
from .rows import files
from .split import SPLITS
from .statistics import label_statistics, sampled, split_text

MAIN_REASONS = 5
FATES = {
    "accepted": "accepted",
    "kept": "kept",
    "filtered": "filtered by the transform",
    "unlabelled": "without a label",
    "rejected": "rejected",
    "duplicates": "repeated",
}


def run(contract: Contract, config: DataConfig) -> Dataset:
    """Make the dataset version that sources, contract, transform and split describe.

    Nothing is done when it is already there. An error leaves the current version as it was.

    Raises:
        DataError: a source, its rows or the transform do not fit; or another run is at work.
        ConfigError: a setting names something that the contract has not.
    """
    config.refuse_unknown(contract.sources, contract.columns)
    try:
        with _alone(config.directory):
            return _run(contract, config)
    except Exception as error:
        if not is_disk_full(error):
            raise
        raise DataError(
            f"no space is left below '{config.directory}'; the current dataset is unchanged: free"
            " some, or set data.directory to another disk"
        ) from None


@contextmanager
def _alone(directory: Path) -> Iterator[None]:
    """One run at a time; what a killed one left behind is removed."""
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
    paths = {
        name: files(name, source, contract.source_columns(name), config.directory)
        for name, source in contract.sources.items()
    }
    description = describe(contract, config, paths)
    key = key_of(description)
    datasets, record = config.directory / "datasets", config.directory / "runs" / f"{key}.json"
    manifest = json.loads(record.read_text()) if record.exists() else None
    if manifest is None or not (datasets / manifest["dataset"]).is_dir():
        quarantine = config.directory / "quarantine" / key
        shutil.rmtree(quarantine, ignore_errors=True)
        quarantine.mkdir(parents=True)
        with tempfile.TemporaryDirectory(prefix=".etl.", dir=config.directory) as scratch:
            work = Run(
                contract=contract,
                config=config,
                paths=paths,
                quarantine=quarantine,
                scratch=Path(scratch),
            )
            manifest = _write(work, datasets, description)
        write_file(record, json.dumps(manifest, indent=2).encode())
    dataset = Dataset(path=datasets / manifest["dataset"])
    if read_pointer(datasets / "current") != dataset.name:
        write_pointer(datasets / "current", dataset.name)
    report(dataset, manifest)
    return dataset


def _write(run: Run, datasets: Path, description: dict[str, Any]) -> dict[str, Any]:
    """Write the dataset, unless one of the same rows and contract is there; its manifest."""
    contract = run.contract
    folder = run.scratch / "splits"
    folder.mkdir()
    manifest = build(run, folder)
    splits, content = label_statistics(folder, contract), content_hash(folder)
    name = hashlib.sha256(f"{contract.text}{content}".encode()).hexdigest()[:16]
    manifest |= {
        "version": __version__,
        "dataset": name,
        "content_hash": content,
        "splits": splits,
        "suspects": dict(tell_alone(sampled(folder / "train.parquet"), contract)),
        "quarantine": str(run.quarantine),
    } | {key: value for key, value in description.items() if key != "modules"}
    if not (datasets / name).is_dir():
        with new_directory(datasets / name) as staging:
            for split in SPLITS:
                (folder / f"{split}.parquet").replace(staging / f"{split}.parquet")
            (staging / "contract.json").write_text(contract.text)
            (staging / "manifest.json").write_text(json.dumps(manifest, indent=2))
    return manifest


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
    sources = [source for source in contract.sources.values() if isinstance(source, FileSource)]
    for path in module.fetch(Path(getattr(source, kind_of(source))) for source in sources):
        say(f"fetched   {path}  {path.stat().st_size / 1e6:.1f} MB")


def report(dataset: Dataset, manifest: dict[str, Any]) -> None:
    """Show where every row went, what may leak, and the last line: what is there and where."""
    for name, by_file in manifest["source_rows"].items():
        for file, counts in by_file.items():
            _say_counts(name if len(by_file) == 1 else Path(file).name, "in", counts)
        _say_reasons(manifest["reasons"][name])
    _say_counts("transform", "driving", manifest["rows"])
    _say_reasons(manifest["reasons"]["contract"])
    for name, share in manifest["suspects"].items():
        say(f"WARNING   '{name}' alone predicts the target ({share:.3f} of 1 on training rows).")
        say("          Is it known before? If not, say leaks: true in contract.yaml")
    if (cut := manifest["cut"]) and manifest["split"]["by"] == "recent":
        say(f"split     validation from {cut['validation_from']}, test from {cut['test_from']}")
    for name, split in manifest["splits"].items():
        say(f"{name:<11}{split_text(split)}")
    say(f"dataset   {dataset.path}")


def _say_counts(name: str, whole: str, counts: dict[str, int]) -> None:
    """All rows, and what became of them; what happened to none is left out."""
    fates = [f"{counts[key]:,} {text}" for key, text in FATES.items() if counts.get(key)]
    say(f"{name:<9} {counts[whole]:,} rows: {', '.join(fates) or 'none accepted'}")


def _say_reasons(reasons: dict[str, int]) -> None:
    """The most frequent reasons, one a line."""
    ordered = sorted(reasons.items(), key=lambda one: -one[1])
    for reason, count in ordered[:MAIN_REASONS]:
        say(f"          {count:,} × {reason}")
    if len(ordered) > MAIN_REASONS:
        say(f"          and {len(ordered) - MAIN_REASONS} more reasons")
