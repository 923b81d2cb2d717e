"""Dataset versions: what is there, and what one holds."""

from datetime import datetime
from pathlib import Path
from typing import Any

from ..atomic import pointed
from ..errors import DataError
from ..terminal import say, table
from .dataset import Dataset, current
from .split import SPLITS


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
    now, rows = pointed(directory / "datasets" / "current"), []
    for one in versions(directory):
        made = datetime.fromtimestamp(one.path.stat().st_mtime).astimezone()
        sizes = [one.manifest["splits"][name]["rows"] for name in SPLITS]
        rows.append((one.name, "current" * (one.name == now), f"{made:%Y-%m-%d %H:%M}", *sizes))
    table(f"datasets below {directory}", ["dataset", "", "made", *SPLITS], rows)


def show(dataset: Dataset) -> None:
    """Print where a version's rows come from and what its columns hold."""
    keys = ["in", "accepted", "rejected", "duplicates"]
    sources = [
        (name, Path(file).name, *(counts[key] for key in keys))
        for name, by_file in dataset.manifest["source_rows"].items()
        for file, counts in by_file.items()
    ]
    table(f"sources of {dataset.name}", ["source", "file", *keys], sources)
    columns = [(name, *_shape(one)) for name, one in dataset.manifest["columns"].items()]
    table("columns", ["column", "gaps", "minimum", "median", "maximum", "most frequent"], columns)
    say(f"content   {dataset.manifest['content_hash']}")


def _shape(column: dict[str, Any]) -> tuple[str, str, str, str, str]:
    if "quantiles" in column:
        ends = column["minimum"], column["quantiles"][2], column["maximum"]
        low, middle, high = (
            one[:16].replace("T", " ") if isinstance(one, str) else f"{one:,.6g}" for one in ends
        )
        return f"{column['nulls']:.1%}", low, middle, high, ""
    top = [f"{value} {share:.0%}" for value, share in column.get("top", {}).items()]
    return f"{column['nulls']:.1%}", "", "", "", ", ".join(top[:3])
