"""Windows whose answers and outcomes are given, of a model whose test span is."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from {{ cookiecutter.__package }}.config import MonitorConfig
from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.models.bundle import Bundle, open_bundle
from {{ cookiecutter.__package }}.models.inputs import Inputs, from_columns
from {{ cookiecutter.__package }}.models.tables import from_table
from {{ cookiecutter.__package }}.monitoring.finding import Finding
from {{ cookiecutter.__package }}.monitoring.window import Served, Window

from ...serving.live import add_version

Floats = npt.NDArray[np.float64]
FIRST, DAYS, DAY_S = date(2024, 1, 1), 7, 86_400
FIRST_S = int(datetime(2024, 1, 1, tzinfo=UTC).timestamp())
CONFIG = {"min_rows": 100}


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
    if evaluation is not None:
        (bundle.path / "evaluation.json").write_text(json.dumps(evaluation))
    return replace(bundle, metadata=metadata)


def served_of(contract: Contract, outputs: Any, labels: Floats, **columns: Any) -> Served:
    """Rows spread evenly over a week, answered as they came."""
    n = len(labels)
    seconds = FIRST_S + np.arange(n) * (DAYS * DAY_S - 2 * 3_600) // n
    given = {name: columns.get(name, [None] * n) for name in contract.features}
    return Served(
        outputs=outputs,
        seconds=seconds,
        labels=labels,
        keys=np.arange(n),
        columns=columns_of(contract, from_columns(contract, given, n)),
    )


def columns_of(contract: Contract, inputs: Inputs) -> dict[str, npt.NDArray[Any]]:
    """Inputs by their names."""
    groups = [(contract.numeric, inputs.numeric), (contract.category, inputs.category)]
    groups.append((contract.times, inputs.time))
    return {name: group[:, i] for names, group in groups for i, name in enumerate(names)}


def served_from(bundle: Bundle, table: pa.Table) -> Served:
    """A table's rows as the model answers them, without outcomes."""
    inputs, contract = from_table(bundle.contract, table), bundle.contract
    return Served(
        outputs=bundle.predict(inputs).astype(np.float64),
        seconds=inputs.time[:, contract.times.index(contract.time or "")],
        labels=np.full(len(inputs), np.nan),
        keys=np.arange(len(inputs)),
        columns=columns_of(contract, inputs),
    )


def window_of(bundle: Bundle, served: Served, **more: Any) -> Window:
    """The rows as one week that is over, its labels due."""
    config = MonitorConfig.model_validate({**CONFIG, **more.pop("config", {})})
    settings = {**config.checks(), **more.pop("settings", {})}
    return Window(
        name=FIRST.isoformat(),
        first=FIRST,
        last=FIRST + timedelta(days=DAYS - 1),
        complete=True,
        rows=served,
        bundle=bundle,
        version=1,
        config=config,
        settings=settings,
        **{"newest_s": FIRST_S + 30 * DAY_S, **more},
    )


def draw(random: np.random.Generator, n: int, slope: float = 2.0) -> tuple[Floats, Floats]:
    """Probabilities, and outcomes that they are true of."""
    chance = 1 / (1 + np.exp(-slope * random.normal(size=n) + 1))
    return chance, (random.random(n) < chance).astype(np.float64)


def one(found: list[Finding], subject: str, part: str = "") -> Finding:
    """The finding about one thing."""
    (finding,) = (f for f in found if (f.subject, f.part) == (subject, part))
    return finding
