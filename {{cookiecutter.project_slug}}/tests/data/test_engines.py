"""One transform, two engines, the same rows; without repeated ones, and DuckDB's in order."""

import shutil
from pathlib import Path

import ibis
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from {{ cookiecutter.__package }}.data import engine, transform
from {{ cookiecutter.__package }}.data.dataset import content_hash
from {{ cookiecutter.__package }}.data.extract import ROW, Extraction

from .conftest import Shop, orders


def with_history(sources: dict[str, ibis.Table]) -> ibis.Table:
    """A join, a filter, a window, texts, times and a condition: what a transform is made of."""
    rows = sources["orders"]
    cities = rows.group_by("city").agg(city_price=rows.price.mean())
    rows = rows.filter(rows.items < 3).left_join(cities, "city")
    earlier = ibis.window(group_by="channel", order_by="at", preceding=3, following=0)
    return rows.mutate(
        price=rows.price + rows.city_price.fill_null(0) + rows.price.max().over(earlier),
        city=rows.city.upper().substr(0, 3),
        gift=rows.gift.fill_null(rows.at.hour() > 12),
    )


@pytest.mark.parametrize("name", ["orders", 'it\'s "so".so'])
@pytest.mark.parametrize("most_bits", [engine.MOST_BITS, 0], ids=["bits", "join"])
def test_repeated_rows_are_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, most_bits: int
) -> None:
    monkeypatch.setattr(engine, "MOST_BITS", most_bits)
    n_rows = 50_000
    rows = pa.table({ROW: np.arange(1, n_rows + 1), "value": np.arange(n_rows)})
    pq.write_table(rows, tmp_path / "rows.parquet", row_group_size=5_000)
    repeated = np.array([2, *range(900, 30_000, 7), n_rows])
    kept = np.delete(np.arange(1, n_rows + 1), repeated - 1)
    extraction = Extraction(
        path=tmp_path / "rows.parquet",
        columns=("value",),
        repeated=repeated,
        counts={"a": {"accepted": len(kept), "duplicates": len(repeated)}},
        reasons={},
    )
    made = engine.DuckDB(tmp_path, "100MB", "UTC")
    batches = list(made.batches(made.table(name, extraction)))
    made.close()
    found = np.concatenate([batch[ROW].to_numpy() for batch in batches])
    assert (found if most_bits else np.sort(found)).tolist() == kept.tolist()
    assert batches[0].schema.names == [ROW, "value"]


@pytest.mark.slow
@pytest.mark.filterwarnings(
    "ignore::FutureWarning"
)  # Spark warns of pandas 3, which we ask nothing
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning")  # py4j
@pytest.mark.skipif(shutil.which("java") is None, reason="Spark runs on Java 17 or newer")
@pytest.mark.parametrize("split", ["date", "group"])
def test_duckdb_and_spark_make_the_same_dataset(
    place: Shop, split: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("pyspark", reason="install .[pyspark] for this")
    monkeypatch.setattr(transform, "transform", with_history)
    rows = orders(300)
    rows += [rows[7], rows[6] | {"price": "1.25"}, rows[9] | {"items": "many"}]
    place.write(rows)
    if split != "date":
        place.settings["split"] = {"by": "group", "group": "name"}
    made = {}
    for name in ("duckdb", "pyspark"):
        place.settings["engine"] = name
        place.settings["directory"] = place.folder / name
        dataset = place.run()
        files = [dataset.path / f"{part}.parquet" for part in ("train", "validation", "test")]
        assert content_hash(files) == dataset.manifest["content_hash"]
        made[name] = dataset.manifest
    assert made["pyspark"] == made["duckdb"]
    assert made["duckdb"]["rows"]["duplicates"] == 1
