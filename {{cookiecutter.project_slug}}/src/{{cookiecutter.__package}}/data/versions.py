"""Dataset versions: what is there, and what one holds."""

from datetime import datetime
from pathlib import Path

from ..errors import DataError
from ..storage import read_pointer
from ..terminal import say, table
from .dataset import Dataset, current
from .split import SPLITS
from .statistics import split_text


def find(directory: Path, name: str | None) -> Dataset:
    """The version of this name, or of which this is the beginning; the current one for ``None``.

    Raises:
        DataError: there is none, or several begin so.
    """
    if name is None:
        return current(directory)
    matches = [dataset for dataset in versions(directory) if dataset.name.startswith(name)]
    if len(matches) != 1:
        known = ", ".join(one.name for one in matches or versions(directory)) or "none yet"
        what = "several datasets begin" if matches else "no dataset begins"
        raise DataError(f"{what} with '{name}'; valid are {known}")
    return matches[0]


def versions(directory: Path) -> list[Dataset]:
    """Every version, the oldest first."""
    folders = [path for path in (directory / "datasets").glob("[!.]*") if path.is_dir()]
    return [Dataset(path=path) for path in sorted(folders, key=lambda path: path.stat().st_mtime)]


def show_versions(directory: Path) -> None:
    """Print every version, and which is current."""
    now, rows = read_pointer(directory / "datasets" / "current"), []
    for one in versions(directory):
        made = datetime.fromtimestamp(one.path.stat().st_mtime).astimezone()
        sizes = [one.manifest["splits"][name]["rows"] for name in SPLITS]
        rows.append((one.name, "current" * (one.name == now), f"{made:%Y-%m-%d %H:%M}", *sizes))
    table(f"datasets below {directory}", ["dataset", "", "made", *SPLITS], rows)


def show(dataset: Dataset) -> None:
    """Print where a version's rows come from and what its splits hold."""
    keys = ["in", "accepted", "rejected", "duplicates"]
    sources = [
        (name, Path(file).name, *(counts[key] for key in keys))
        for name, by_file in dataset.manifest["source_rows"].items()
        for file, counts in by_file.items()
    ]
    table(f"sources of {dataset.name}", ["source", "file", *keys], sources)
    for name, split in dataset.manifest["splits"].items():
        say(f"{name:<11}{split_text(split)}")
    say(f"content    {dataset.manifest['content_hash']}")
