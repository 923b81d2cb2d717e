"""What a dataset's splits hold: labels of each, and the columns of the training rows."""

from pathlib import Path
from typing import Any

import polars as pl

from ..contract import Contract
from ..errors import DataError
from ..values import json_value
from .split import SPLITS

SAMPLE_ROWS, TOP = 100_000, 10
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


def sampled(path: Path) -> pl.DataFrame:
    """Some rows from all over a file."""
    rows = pl.scan_parquet(path)
    step = max(1, rows.select(pl.len()).collect().item() // SAMPLE_ROWS)
    return rows.gather_every(step).collect(engine="streaming")


def column_statistics(path: Path, sample: pl.DataFrame, contract: Contract) -> dict[str, Any]:
    """By column: share of gaps and ends of all rows; quantiles or frequent values of a sample."""
    rows, found = pl.scan_parquet(path), {}
    names = [name for name, column in contract.columns.items() if not column.pii]
    ordered = [n for n in names if contract.columns[n].type in {"integer", "float", "timestamp"}]
    measures = [
        pl.col(names).null_count().name.suffix(" nulls"),
        pl.col(ordered).min().name.suffix(" minimum"),
        pl.col(ordered).max().name.suffix(" maximum"),
    ]
    all_rows = rows.select(pl.len().alias(""), *measures).collect(engine="streaming")
    for name in names:
        values = sample[name].drop_nulls()
        found[name] = {"nulls": all_rows[f"{name} nulls"].item() / max(all_rows[""].item(), 1)}
        if name in ordered and len(values):
            found[name] |= {
                "minimum": json_value(all_rows[f"{name} minimum"].item()),
                "quantiles": [json_value(_quantile(values, q)) for q in QUANTILES],
                "maximum": json_value(all_rows[f"{name} maximum"].item()),
            }
        elif contract.columns[name].type in {"boolean", "category"}:
            counts = values.cast(pl.String).value_counts().rows()
            counts.sort(key=lambda one: (-one[1], one[0]))
            top = {value: count / max(len(values), 1) for value, count in counts[:TOP]}
            found[name] |= {"distinct": len(counts), "top": top}
    return found


def _quantile(values: pl.Series, share: float) -> Any:
    return values.sort()[int(share * (len(values) - 1))]


def label_statistics(folder: Path, contract: Contract) -> dict[str, dict[str, Any]]:
    """Rows of each split, with the share of positive ones, of each label, or the mean value.

    Raises:
        DataError: a split has no rows, or the training rows' labels are all the same.
    """
    found: dict[str, dict[str, Any]] = {}
    target = contract.target
    for split in SPLITS:
        labels = pl.scan_parquet(folder / f"{split}.parquet").select(target)
        counts = labels.group_by(target).len().collect(engine="streaming")
        rows = int(counts["len"].sum())
        if not rows:
            raise DataError(f"the {split} split has no rows: change data.split")
        if split == "train":
            _differ(counts[target], rows, contract)
        by_label = dict(counts.rows())
        found[split] = {"rows": rows}
        if contract.task == "regression":
            found[split]["mean"] = float((counts[target] * counts["len"]).sum()) / rows
        elif contract.task == "binary":
            found[split]["positive_rate"] = by_label.get(contract.positive, 0) / rows
        else:
            labels_of = contract.labels or ()
            found[split]["shares"] = {name: by_label.get(name, 0) / rows for name in labels_of}
    return found


def _differ(labels: pl.Series, rows: int, contract: Contract) -> None:
    target, positive = contract.target, contract.positive
    known = sorted(labels.to_list(), key=str)
    if contract.task == "regression" and len(known) < 2:
        raise DataError(f"'{target}' is {known[0]:g} in all training rows: nothing to learn")
    if len(known) < 2 or (positive is not None and positive not in known):
        needed = "two different ones" if positive is None else f"some with {positive}"
        raise DataError(
            f"the {rows:,} training rows have '{target}' = {', '.join(map(str, known))}, but"
            f" {needed} are needed: change data.split, or target and positive in contract.yaml"
        )


def split_text(split: dict[str, Any]) -> str:
    """A split's statistics in a few words."""
    rows = f"{split['rows']:,}"
    if "positive_rate" in split:
        return f"{rows} ({split['positive_rate']:.1%} positive)"
    if "mean" in split:
        return f"{rows} (mean {split['mean']:.4g})"
    label, share = max(split["shares"].items(), key=lambda one: one[1])
    return f"{rows} ({share:.0%} {label})"
