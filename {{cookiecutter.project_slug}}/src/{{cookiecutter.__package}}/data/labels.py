"""What is known of the target in each split: enough to see that there is something to learn."""

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from ..contract import Contract
from ..errors import DataError
from .split import SPLITS


class Labels:
    """Counts the labels of a dataset as they go by."""

    def __init__(self, contract: Contract) -> None:
        self.contract = contract
        self.rows = dict.fromkeys(SPLITS, 0)
        self.counts: dict[str, dict[Any, int]] = {name: {} for name in SPLITS}
        """Of each label; not for a regression."""
        self.sums = dict.fromkeys(SPLITS, 0.0)
        self.ends: dict[str, tuple[float, float]] = {}

    def update(self, split: str, labels: pa.ChunkedArray) -> None:
        """Go on with the target's values in a split."""
        if not len(labels):
            return
        self.rows[split] += len(labels)  # type: ignore[index]
        if self.contract.task == "regression":
            self.sums[split] += float(pc.sum(labels).as_py())  # type: ignore[index]
            ends = pc.min_max(labels).as_py()
            known = [float(ends["min"]), float(ends["max"]), *self.ends.get(split, ())]
            self.ends[split] = min(known), max(known)
            return
        counts = self.counts[split]
        for one in pc.value_counts(labels).to_pylist():
            counts[one["values"]] = counts.get(one["values"], 0) + one["counts"]

    def summary(self) -> dict[str, dict[str, Any]]:
        """Rows of each split, with the share of positive ones, of each label, or the mean value."""
        found: dict[str, dict[str, Any]] = {}
        for name in SPLITS:
            rows = self.rows[name]
            found[name] = {"rows": rows}
            if self.contract.task == "regression":
                found[name]["mean"] = self.sums[name] / max(rows, 1)
            elif self.contract.task == "binary":
                positive = self.counts[name].get(self.contract.positive, 0)
                found[name]["positive_rate"] = positive / max(rows, 1)
            else:
                counts = self.counts[name]
                labels = self.contract.labels or ()
                found[name]["shares"] = {n: counts.get(n, 0) / max(rows, 1) for n in labels}
        return found

    def check(self) -> None:
        """Refuse splits without rows, and training rows that are all the same.

        Raises:
            DataError: naming the split.
        """
        target = self.contract.target
        for name, rows in self.rows.items():
            if not rows:
                raise DataError(f"the {name} split has no rows: change data.split")
        if self.contract.task == "regression":
            low, high = self.ends["train"]
            if low == high:
                raise DataError(f"'{target}' is {low:g} in all training rows: nothing to learn")
            return
        found = sorted(self.counts["train"], key=str)
        positive = self.contract.positive
        if len(found) < 2 or (positive is not None and positive not in found):
            wanted = "two different ones" if positive is None else f"some with {positive}"
            raise DataError(
                f"the {self.rows['train']:,} training rows have '{target}' ="
                f" {', '.join(map(str, found))}, but {wanted} are needed: change data.split, or"
                " target and positive in contract.yaml"
            )


def told(split: dict[str, Any]) -> str:
    """A split's summary in a few words."""
    rows = f"{split['rows']:,}"
    if "positive_rate" in split:
        return f"{rows} ({split['positive_rate']:.1%} positive)"
    if "mean" in split:
        return f"{rows} (mean {split['mean']:.4g})"
    label, share = max(split["shares"].items(), key=lambda one: one[1])
    return f"{rows} ({share:.0%} {label})"
