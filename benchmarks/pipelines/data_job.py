"""Ours: the rendered project's whole data job, from CSV to a dataset version."""

from pathlib import Path
from typing import Any

import polars as pl
from flight_delay.config import DataConfig, DateSplit, read_yaml
from flight_delay.contract import Contract
from flight_delay.data import job, transform
from flight_delay.data.dataset import current
from flights import TEST_FROM, VALIDATION_FROM

CONTRACT = Path(__file__).with_name("contract.yaml")


def convert(source: Path, folder: Path) -> None:
    """Typed, checked, de-duplicated, transformed, split; what is bad is quarantined."""
    transform.transform = late  # a person would edit data/transform.py
    content = read_yaml(CONTRACT)
    content["sources"]["flights"]["csv"] = str(source)
    split = DateSplit(validation_from=VALIDATION_FROM, test_from=TEST_FROM)
    config = DataConfig(directory=folder, driving="flights", split=split)
    job.run(Contract.model_validate(content), config)


def late(sources: dict[str, Any]) -> Any:
    """The flights with their target."""
    flights = sources["flights"]
    return flights.with_columns(late=pl.col("arr_delay") > 15)


def counts(folder: Path) -> dict[str, Any]:
    """What became of every row, and the lines in quarantine."""
    dataset = current(folder)
    source = dataset.manifest["source_rows"]["flights"]
    made = dataset.manifest["rows"]
    quarantined = pl.read_parquet(Path(dataset.manifest["quarantine"]) / "flights.parquet")
    return {
        "rows": source["in"],
        "rejected": source["rejected"] + made["rejected"],
        "rejected_lines": (quarantined["_record"] + 1).to_list(),  # a line holds one record
        "duplicates": source["duplicates"],
        "unlabelled": made["unlabelled"],
    } | {name: split["rows"] for name, split in dataset.manifest["splits"].items()}
