"""Dataset versions side by side: what is there, what one holds, what changed between two."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from ..atomic import pointed
from ..compatibility import compare
from ..errors import DataError
from ..terminal import say, table
from .dataset import Dataset, current
from .summary import TOP

Manifest = dict[str, Any]
NOTABLE_SHARE = 0.01
NOTABLE_SHIFT = 0.1


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
    now = pointed(directory / "datasets" / "current")
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


def show_difference(old: Dataset, new: Dataset) -> None:
    """Print what differs between two versions: what they were made of, then what they hold."""
    inputs = list(_inputs(old, new))
    rows = list(_rows(old.manifest, new.manifest))
    columns = list(_columns(old.manifest["columns"], new.manifest["columns"]))
    if inputs:
        table("made of", ["what", "changed"], inputs)
    if rows:
        table("rows", ["count", old.name[:12], new.name[:12]], rows)
    if columns:
        table("columns", ["column", "measure", old.name[:12], new.name[:12]], columns)
    same = old.manifest["content_hash"] == new.manifest["content_hash"]
    say("equal     the rows are the same" if same else "different the rows differ")


def _inputs(old: Dataset, new: Dataset) -> Iterator[tuple[str, str]]:
    for change in compare(old.contract, new.contract):
        yield f"contract {change.key}", change.what
    before, after = old.manifest, new.manifest
    for name in {**before["sources"], **after["sources"]}:
        known, found = (dict(m["sources"].get(name, [])) for m in (before, after))
        for file in {**known, **found}:
            if known.get(file) != found.get(file):
                what = (
                    "is new" if file not in known else "is gone" if file not in found else "changed"
                )
                yield f"source {name}", f"{file} {what}"
    for key in ("driving", "keep", "split"):
        if before[key] != after[key]:
            yield f"data.{key}", f"{before[key]} became {after[key]}"
    for key, what in (("transform", "data/transform.py"), ("code", "the pipeline's code")):
        if before[key] != after[key]:
            yield what, "changed"


def _rows(old: Manifest, new: Manifest) -> Iterator[tuple[str, int, int]]:
    counts = [
        {**m["rows"], **{name: split["rows"] for name, split in m["splits"].items()}}
        for m in (old, new)
    ]
    for key in counts[1]:
        if counts[0].get(key) != counts[1][key]:
            yield key, counts[0].get(key, 0), counts[1][key]


def _columns(old: Manifest, new: Manifest) -> Iterator[tuple[str, str, str, str]]:
    """Notable changes: gaps and frequent values by 1 %, medians by a tenth of the middle half."""
    for name in [*new, *(gone for gone in old if gone not in new)]:
        if name not in old or name not in new:
            yield name, "column", "–" if name not in old else "there", (
                "there" if name in new else "–"
            )
            continue
        before, after = old[name], new[name]
        if abs(before["nulls"] - after["nulls"]) >= NOTABLE_SHARE:
            yield name, "gaps", f"{before['nulls']:.1%}", f"{after['nulls']:.1%}"
        if "quantiles" in before and "quantiles" in after:
            yield from _numbers(name, before, after)
        tops = before.get("top", {}), after.get("top", {})
        for value in {**tops[1], **tops[0]}:
            shares = [top.get(value, _others(top)) for top in tops]
            if abs(shares[0] - shares[1]) >= NOTABLE_SHARE:
                yield name, f"share of {value}", f"{shares[0]:.1%}", f"{shares[1]:.1%}"


def _others(top: dict[str, float]) -> float:
    """The most that a value has which is none of the most frequent ones."""
    return min(top.values()) if len(top) == TOP else 0.0


def _numbers(name: str, old: Manifest, new: Manifest) -> Iterator[tuple[str, str, str, str]]:
    middles = [column["quantiles"] for column in (old, new)]
    if any(isinstance(middle[2], str) for middle in middles):  # times
        moved = middles[0][2] != middles[1][2]
    else:
        spread = middles[0][3] - middles[0][1]
        moved = abs(middles[0][2] - middles[1][2]) > NOTABLE_SHIFT * spread
    if moved:
        yield name, "median", _short(middles[0][2]), _short(middles[1][2])


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
