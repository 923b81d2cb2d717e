"""What a server of the shop would have logged, written without one."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from {{ cookiecutter.__package }}.config import Config
from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.data.synthesize import synthesize
from {{ cookiecutter.__package }}.models.arrow import from_table
from {{ cookiecutter.__package }}.models.bundle import open_bundle
from {{ cookiecutter.__package }}.values import json_value

from ..serving.live import add_version

WEEKS = 4


@dataclass(frozen=True)
class Place:
    """A folder with a served model and a log."""

    folder: Path
    contract: Contract
    config: Config


def make_place(folder: Path, contract: Contract, **monitor: Any) -> Place:
    """Serve a small model, profiled on the synthesised rows of twelve weeks."""
    config = Config.model_validate(
        {
            "data": {
                "directory": folder / "data",
                "driving": "orders",
                "split": {"validation_from": "2024-03-01", "test_from": "2024-04-01"},
            },
            "train": {"bundles": folder / "bundles"},
            "serve": {"bundles": folder / "bundles", "log": folder / "live", "port": 0},
            "monitor": {
                "log": folder / "live",
                "reports": folder / "reports",
                "min_rows": 100,
                **monitor,
            },
        }
    )
    add_version(config.train.bundles, contract, table=synthesize(contract, 6_000, days=84))
    return Place(folder=folder, contract=contract, config=config)


def write_log(place: Place, table: pa.Table, *, right: bool = True) -> None:
    """Log a table as answered by the served version, with outcomes that it got right or wrong."""
    versions = place.config.train.bundles / place.contract.name
    (path,) = (p for p in versions.iterdir() if (p / "model.onnx").exists())
    probabilities = open_bundle(path).predict(from_table(place.contract, table))
    median = sorted(probabilities.tolist())[len(table) // 2]
    logged = [n for n in place.contract.request if not place.contract.columns[n].pii]
    predictions, labels = [], []
    pairs = zip(table.to_pylist(), probabilities.tolist(), strict=True)
    for number, (row, probability) in enumerate(pairs):
        at = json_value(row["at"])
        shared = {"request_id": f"r-{number}", "row": 0, "time": at}
        columns = {name: json_value(row[name]) for name in logged}
        predictions.append(
            {
                **shared,
                "model": place.contract.name,
                "version": 1,
                "columns": columns,
                "probability": probability,
            }
        )
        outcome = (probability > median) == (right or number % 7 == 0)
        labels.append({**shared, "id": row["order"], "label": outcome})
    place.config.monitor.log.mkdir(parents=True, exist_ok=True)
    for stem, records in (("predictions", predictions), ("labels", labels)):
        lines = "".join(json.dumps(record) + "\n" for record in records)
        (place.config.monitor.log / f"{stem}-2024-01-01-1.jsonl").write_text(lines)


def weeks_of(contract: Contract, *, dearer_from: int = WEEKS) -> pa.Table:
    """Four weeks of calm traffic; from one of them on prices lie in the upper half."""
    table = synthesize(contract, 1_600, seed=5, days=7 * WEEKS)
    day = pc.day_of_year(table["at"])
    price = table["price"]
    dear = pc.add(pc.divide(price, 2.0), 500.0)
    changed = pc.if_else(pc.greater(day, 7 * dearer_from), dear, price)
    return table.set_column(table.column_names.index("price"), "price", changed)
