"""Where a prediction comes from: version, bundle, dataset, sources and commit, in one look."""

from ...config import Config
from ...data.dataset import Dataset
from ...data.versions import find
from ...errors import DataError, RegistryError
from ...log.live import read_rows
from ...models.versions import CHAMPION, Version, Versions
from ...terminal import say
from .compare import commit_of, metadata_of


def show_lineage(config: Config, name: str, what: str) -> None:
    """Print what led to a prediction, a version, or what a dataset led to.

    ``what`` is the id of an answered request, a version's number or alias, or the beginning of a
    dataset's name.

    Raises:
        RegistryError: it is none of them.
    """
    versions = Versions(config.train.bundles, name)
    known = {str(version.number) for version in versions.all()} | {*versions.aliases()}
    if what in known:
        return _show_version(config, versions, versions.find(what))
    predictions = list(read_rows(config.serve.log, what))
    if predictions:
        for record in predictions:
            say(
                f"prediction {record['request_id']}, row {record['row']}, answered {record['time']}"
            )
        for number in sorted({record["version"] for record in predictions}):
            _show_version(config, versions, versions.get(number))
        return None
    try:
        dataset = find(config.data.directory, what)
    except DataError as error:
        raise RegistryError(
            f"'{what}' is no version of {name}, no prediction in '{config.serve.log}' and no"
            f" dataset: {error}"
        ) from None
    return _show_dataset(dataset, versions)


def _show_version(config: Config, versions: Versions, version: Version) -> None:
    metadata = metadata_of(versions, version)
    moves = [move for move in versions.history() if move["to"] == version.number]
    gate = "passed" if version.passed else f"refused ({'; '.join(version.broken)})"
    serves = " · serves" if versions.aliases()[CHAMPION] == version else ""
    say(
        f"version   {version.number} of {versions.name}, made {version.created} · gate {gate}{serves}"
    )
    for move in moves:
        say(f"          {move['action']} {move['when']} by {move['who']}: {move['why'] or '–'}")
    say(f"bundle    {versions.folder / version.bundle}")
    say(f"commit    {commit_of(metadata)} · seed {metadata.get('seed', '–')}")
    path = config.data.directory / "datasets" / metadata["dataset"]
    if (path / "manifest.json").exists():
        _show_sources(Dataset(path=path))
    else:
        say(f"dataset   {metadata['dataset']}, which is no longer in '{config.data.directory}'")


def _show_dataset(dataset: Dataset, versions: Versions) -> None:
    _show_sources(dataset)
    for version in versions.all():
        if metadata_of(versions, version)["dataset"] == dataset.name:
            say(f"→ version {version.number} of {versions.name}, bundle {version.bundle}")


def _show_sources(dataset: Dataset) -> None:
    manifest = dataset.manifest
    rows = sum(split["rows"] for split in manifest["splits"].values())
    say(f"dataset   {dataset.path}, {rows:,} rows, contract {dataset.contract.hash[:12]}")
    for name, files in manifest.get("sources", {}).items():
        for file, fingerprint in files:
            say(f"source    {name}: {file} ({str(fingerprint)[:12]})")
