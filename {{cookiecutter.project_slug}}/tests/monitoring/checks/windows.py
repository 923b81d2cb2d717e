"""Windows whose predictions and labels are given, of a model whose test span is."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from {{ cookiecutter.__package }}.config import MonitorConfig
from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.models.bundle import Bundle, open_bundle
from {{ cookiecutter.__package }}.monitoring.finding import Finding
from {{ cookiecutter.__package }}.monitoring.history import JudgedWindow
from {{ cookiecutter.__package }}.monitoring.read_log import Served
from {{ cookiecutter.__package }}.monitoring.windows import Window

from ...serving.live import add_version

Floats = npt.NDArray[np.float64]
FIRST, DAYS, DAY_S = date(2024, 1, 1), 7, 86_400
FIRST_S = int(datetime(2024, 1, 1, tzinfo=UTC).timestamp())


@dataclass(frozen=True, kw_only=True)
class GivenRows(Served):
    """Rows whose columns are in memory."""

    frame: pl.DataFrame

    def read(self, names: Any) -> pl.DataFrame:
        """As of ``Served``."""
        return self.frame[self.index["_at"]].select(names)


def bundle_of(
    folder: Path,
    contract: Contract,
    tested: dict[str, tuple[float, float, float]],
    evaluation: dict[str, Any] | None = None,
) -> Bundle:
    """A model with these metrics (low, value, high) on its test rows."""
    bundles = folder / "bundles"
    version = add_version(bundles, contract)
    bundle = open_bundle(bundles / contract.name / version.bundle)
    metrics = {
        name: {"low": low, "value": value, "high": high}
        for name, (low, value, high) in tested.items()
    }
    metadata = {**bundle.metadata, "metrics": {"model": metrics}}
    files = {**bundle.files, "evaluation.json": json.dumps(evaluation or {}).encode()}
    return replace(bundle, metadata=metadata, files=files)


def served_of(contract: Contract, outputs: Any, labels: Floats, **columns: Any) -> Served:
    """Rows spread evenly over a week, answered as they came."""
    n = len(labels)
    index = {
        "_at": np.arange(n),
        "_key": np.arange(n),
        "_seconds": FIRST_S + np.arange(n) * (DAYS * DAY_S - 2 * 3_600) // n,
        "_output": pl.Series(np.asarray(outputs, np.float64).tolist()),
        "_label": pl.Series(labels),
    }
    given = {name: columns.get(name, [None] * n) for name in contract.features}
    return GivenRows(index=pl.DataFrame(index), folder=Path(), frame=pl.DataFrame(given))


def window_of(bundle: Bundle, served: Served, **more: Any) -> Window:
    """The rows as one week that is over, its labels due."""
    config = MonitorConfig.model_validate({"min_rows": 100, **more.pop("config", {})})
    record = JudgedWindow(
        model=bundle.contract.name,
        version=1,
        first=FIRST,
        last=FIRST + timedelta(days=DAYS - 1),
        complete=True,
        rows=len(served),
        labelled=int((~np.isnan(served.labels)).sum()),
    )
    return Window(
        record=record,
        rows=served,
        bundle=bundle,
        config=config,
        settings={**config.checks(), **more.pop("settings", {})},
        **{"newest_s": FIRST_S + 30 * DAY_S, **more},
    )


def draw(random: np.random.Generator, n: int, slope: float = 2.0) -> tuple[Floats, Floats]:
    """Probabilities, and labels that they are true of."""
    chance = 1 / (1 + np.exp(-slope * random.normal(size=n) + 1))
    return chance, (random.random(n) < chance).astype(np.float64)


def one(findings: Sequence[Finding], subject: str, measure: str | None = None) -> Finding:
    """The finding about one thing."""
    (finding,) = (f for f in findings if f.subject == subject and measure in (None, f.measure))
    return finding
