"""One transform, two engines, the same rows."""

import shutil

import ibis
import pytest

from {{ cookiecutter.__package }}.data import transform
from {{ cookiecutter.__package }}.data.dataset import content_hash

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
    for engine in ("duckdb", "pyspark"):
        place.settings["engine"] = engine
        place.settings["directory"] = place.folder / engine
        dataset = place.run()
        files = [dataset.path / f"{part}.parquet" for part in ("train", "validation", "test")]
        assert content_hash(files) == dataset.manifest["content_hash"]
        made[engine] = dataset.manifest
    assert made["pyspark"] == made["duckdb"]
    assert made["duckdb"]["rows"]["duplicates"] == 1
