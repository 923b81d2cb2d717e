"""Dataset versions: what is there, and what one holds."""

from datetime import datetime
from pathlib import Path
from typing import Any

from ..errors import DataError
from ..storage import read_pointer
from ..terminal import say, table
from .dataset import Dataset, current

Manifest = dict[str, Any]


def find(directory: Path, name: str | None) -> Dataset:
    """The version of this name, or of which this is the beginning; the current one for ``None``.

    Raises:
        DataError: there is none, or several begin so.
    """
    if name is None:
        return current(directory)
    found = [dataset for dataset in versions(directory) if dataset.name.startswith(name)]
    if len(found) != 1:
        known = ", ".join(dataset.name for dataset in found or versions(directory)) or "none yet"
        what = "several datasets begin" if found else "no dataset begins"
        raise DataError(f"{what} with '{name}'; valid are {known}")
    return found[0]


def versions(directory: Path) -> list[Dataset]:
    """Every version, the oldest first."""
    made = [path for path in (directory / "datasets").glob("[!.]*") if path.is_dir()]
    return [Dataset(path=path) for path in sorted(made, key=lambda path: path.stat().st_mtime)]


def show_versions(directory: Path) -> None:
    """Print every version, and which is current."""
    now = read_pointer(directory / "datasets" / "current")
    rows = []
    for dataset in versions(directory):
        splits = dataset.manifest["splits"]
        made = datetime.fromtimestamp(dataset.path.stat().st_mtime).astimezone()
        rows.append(
            (
                dataset.name,
                "current" if dataset.name == now else "",
                f"{made:%Y-%m-%d %H:%M}",
                *(splits[name]["rows"] for name in ("train", "validation", "test")),
                dataset.manifest["content_hash"][:12],
            )
        )
    head = ["dataset", "", "made", "train", "validation", "test", "content"]
    table(f"datasets below {directory}", head, rows)


def show(dataset: Dataset) -> None:
    """Print where a version's rows come from and what its columns hold."""
    manifest = dataset.manifest
    sources = [
        (
            name,
            Path(file).name,
            *(counts[key] for key in ("in", "accepted", "rejected", "duplicates")),
        )
        for name, by_file in manifest["source_rows"].items()
        for file, counts in by_file.items()
    ]
    table(
        f"sources of {dataset.name}",
        ["source", "file", "in", "accepted", "rejected", "duplicates"],
        sources,
    )
    columns = [(name, *_shape(column)) for name, column in manifest["columns"].items()]
    table("columns", ["column", "gaps", "minimum", "median", "maximum", "most frequent"], columns)
    say(f"content   {manifest['content_hash']}")


def _shape(column: Manifest) -> tuple[str, str, str, str, str]:
    gaps = f"{column['nulls']:.1%}"
    if "quantiles" in column:
        low, median, high = column["minimum"], column["quantiles"][2], column["maximum"]
        return gaps, _short(low), _short(median), _short(high), ""
    top = ", ".join(f"{value} {share:.0%}" for value, share in [*column.get("top", {}).items()][:3])
    return gaps, "", "", "", top


def _short(value: str | float) -> str:
    """A time to the minute, a number to six digits."""
    return value[:16].replace("T", " ") if isinstance(value, str) else f"{value:,.6g}"
