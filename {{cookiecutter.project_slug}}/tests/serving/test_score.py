from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import pytest

from {{ cookiecutter.__package }}.config import ServeConfig
from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.data.synthesize import synthesize
from {{ cookiecutter.__package }}.errors import BundleError, DataError
from {{ cookiecutter.__package }}.serving.score import run
from {{ cookiecutter.__package }}.values import json_value

from ..conftest import TASKS, Workspace, shop_of
from .conftest import serve_config
from .live import add_version, live

HEAD = "order,at,price,items,channel,city,gift\n"
LINE = "o-1,2024-05-01T08:00:00Z,12.5,2,web,Lyon,true\n"


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory, shop: Contract) -> ServeConfig:
    made = serve_config(tmp_path_factory.mktemp("score"), batch_rows=100)
    add_version(made.bundles, shop)
    return made


def scored(config: ServeConfig, source: Path) -> pa.Table:
    target = source.with_name("scored.parquet")
    n_rows = run(config, "shop", source, target)
    table = pq.read_table(target)
    assert len(table) == n_rows
    return table


def test_csv_parquet_and_http_give_the_same_answers(
    config: ServeConfig, shop: Contract, tmp_path: Path
) -> None:
    table = synthesize(shop, 250).drop_columns(["returned", "refund", "name"])
    pq.write_table(table, tmp_path / "rows.parquet")
    pacsv.write_csv(table, tmp_path / "rows.csv")
    from_parquet = scored(config, tmp_path / "rows.parquet")
    from_csv = scored(config, tmp_path / "rows.csv")
    rows = [{n: json_value(v) for n, v in row.items()} for row in table.to_pylist()]
    with live(config) as client:
        online = client.post("/predict", json={"rows": rows}).json()["predictions"]
    assert from_parquet.column_names == ["order", "probability", "decision"]
    assert from_csv.equals(from_parquet)
    assert from_parquet["order"].to_pylist() == table["order"].to_pylist()
    assert from_parquet["probability"].to_pylist() == [p["probability"] for p in online]
    assert from_parquet["decision"].to_pylist() == [p["decision"] for p in online]


def test_the_trained_model_scores_a_file_as_it_answers_rows(
    workspace: Workspace, tmp_path: Path
) -> None:
    contract = workspace.contract
    table = synthesize(contract, 300, seed=3).select(list(contract.request))
    pq.write_table(table, tmp_path / "rows.parquet")
    run(workspace.config.serve, contract.name, tmp_path / "rows.parquet", tmp_path / "out.parquet")
    rows = [{n: json_value(v) for n, v in row.items()} for row in table.to_pylist()]
    serve = workspace.config.serve.model_copy(update={"log": tmp_path / "live"})
    with live(serve) as client:
        online = client.post("/predict", json={"rows": rows}).json()["predictions"]
    batch = pq.read_table(tmp_path / "out.parquet")
    if contract.task == "regression":
        values = [p["value"] for p in online]
        assert batch["value"].to_pylist() == pytest.approx(values, rel=1e-5, abs=1e-5)
    else:
        assert batch["decision"].to_pylist() == [p["decision"] for p in online]
        probabilities = [p["probability"] for p in online]
        assert batch["probability"].to_pylist() == pytest.approx(probabilities, abs=1e-6)


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("key", ["order", None])
def test_each_task_is_scored_as_it_is_answered(tmp_path: Path, task: str, key: str | None) -> None:
    contract, config = shop_of(task, id=key), serve_config(tmp_path, batch_rows=100)
    add_version(config.bundles, contract)
    table = synthesize(contract, 250).select(list(contract.request))
    pq.write_table(table, tmp_path / "rows.parquet")
    pacsv.write_csv(table, tmp_path / "rows.csv")
    found = scored(config, tmp_path / "rows.parquet")
    assert scored(config, tmp_path / "rows.csv").equals(found)
    rows = [{n: json_value(v) for n, v in row.items()} for row in table.to_pylist()]
    with live(config) as client:
        online = client.post("/predict", json={"rows": rows[:50]}).json()["predictions"]
    columns = ["value"] if task == "regression" else ["probability", "decision"]
    assert found.column_names == [*([key] if key else []), *columns]
    for name in columns:
        assert found[name].to_pylist()[:50] == [p[name] for p in online]
    if key:
        assert found[key].to_pylist() == table[key].to_pylist()
    kinds = {"binary": pa.bool_(), "multiclass": pa.string(), "regression": pa.float64()}
    assert found.schema.types[-1] == kinds[task]


@pytest.mark.parametrize(
    "cities",
    [
        pa.array(["1", "true", None, "Lyon"]),
        pa.array(["1", "true", None, "Lyon"]).dictionary_encode(),
        pa.array(["1.0", "TRUE", None, " x "], pa.large_string()),
    ],
)
def test_text_is_one_category_however_a_file_holds_it(
    config: ServeConfig, shop: Contract, tmp_path: Path, cities: pa.Array
) -> None:
    found = scored(config, parquet_with(tmp_path, shop, cities))["probability"].to_pylist()
    assert len({round(p, 6) for p in found}) == 3
    assert found[2] == found[3]


@pytest.mark.parametrize("kind", [pa.int64(), pa.int8(), pa.float64(), pa.string()])
def test_a_category_of_numbers_is_one_whatever_their_type(
    config: ServeConfig, shop: Contract, tmp_path: Path, kind: pa.DataType
) -> None:
    ones = parquet_with(tmp_path, shop, pa.array([1, 1, 2, None]).cast(kind))
    found = scored(config, ones)["probability"].to_pylist()
    assert found[0] == found[1] > found[2] == found[3]


def parquet_with(folder: Path, contract: Contract, cities: pa.Array) -> Path:
    """Equal rows but for their city."""
    table = synthesize(contract, 1).drop_columns(["returned", "refund", "city"])
    table = pa.concat_tables([table] * len(cities)).append_column("city", cities)
    pq.write_table(table, folder / "rows.parquet")
    return folder / "rows.parquet"


def test_columns_may_come_in_any_order_and_others_are_ignored(
    config: ServeConfig, tmp_path: Path
) -> None:
    (tmp_path / "a.csv").write_text(HEAD + LINE)
    (tmp_path / "b.csv").write_text(
        "city,note,items,price,gift,at,channel,order\n"
        'Lyon,"1, 2",2,12.5,true,2024-05-01T08:00:00Z,web,o-1\n'
    )
    assert scored(config, tmp_path / "a.csv").equals(scored(config, tmp_path / "b.csv"))


def test_a_column_that_is_not_needed_may_hold_anything(config: ServeConfig, tmp_path: Path) -> None:
    head, line = HEAD.rstrip() + ",note\n", LINE.rstrip() + ","
    lines = [f"{line}{number}\n" for number in range(40_000)] + [f"{line}none\n"]
    (tmp_path / "rows.csv").write_text(head + "".join(lines))
    assert len(scored(config, tmp_path / "rows.csv")) == 40_001


def test_an_id_comes_back_as_it_was_written(config: ServeConfig, tmp_path: Path) -> None:
    lines = [LINE.replace("o-1", order) for order in ("007", "1e3", "NA-1", "2024-01-01")]
    (tmp_path / "rows.csv").write_text(HEAD + "".join(lines))
    ids = scored(config, tmp_path / "rows.csv")["order"].to_pylist()
    assert ids == ["007", "1e3", "NA-1", "2024-01-01"]


def test_a_file_without_the_id_is_scored(config: ServeConfig, tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text(HEAD.partition(",")[2] + LINE.partition(",")[2])
    assert scored(config, tmp_path / "rows.csv").column_names == ["probability", "decision"]


def test_a_file_without_columns_that_may_be_missing_is_scored(
    config: ServeConfig, shop: Contract, tmp_path: Path
) -> None:
    (tmp_path / "rows.csv").write_text(HEAD + LINE.replace("Lyon,true", ","))
    (tmp_path / "less.csv").write_text(
        "order,at,price,items,channel\no-1,2024-05-01T08:00:00Z,12.5,2,web\n"
    )
    expected = scored(config, tmp_path / "rows.csv")
    assert scored(config, tmp_path / "less.csv").equals(expected)
    less = pa.table({"order": ["o-1"], "price": [12.5], "items": [2], "channel": ["web"]})
    at = pa.array(["2024-05-01T08:00:00Z"])
    pq.write_table(less.append_column("at", at), tmp_path / "less.parquet")
    assert scored(config, tmp_path / "less.parquet").equals(expected)


def test_missing_texts_of_the_contract_are_missing_values(
    config: ServeConfig, tmp_path: Path
) -> None:
    lines = [LINE.replace("Lyon,true", values) for values in ("NA,NA", ",", '"NA",""')]
    (tmp_path / "rows.csv").write_text(HEAD + "".join(lines))
    assert len(set(scored(config, tmp_path / "rows.csv")["probability"].to_pylist())) == 1


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "is empty; its first line must name the columns"),
        (HEAD.encode(), "has no rows"),
        (b"price,items\n1,2\n", "no column 'at', 'channel'"),
        ((HEAD + LINE.replace("12.5", "dear")).encode(), "line 2: price: not a float; noth"),
        ((HEAD + LINE.replace("true", "perhaps")).encode(), "line 2: gift: not a boolean;"),
        ((HEAD + LINE.replace("2024-05-01T08:00:00Z", "noon")).encode(), "at: not a timestamp"),
        (
            (HEAD + LINE + "o-2,2024-05-01T08:00:00Z,1\n").encode(),
            "line 3: 3 fields, and the header has 7",
        ),
        ((HEAD + LINE).encode().replace(b"Lyon", b"\xff\xfe"), "line 2: is not utf-8"),
        ((HEAD.replace("city", "price") + LINE).encode(), "price"),
        (b"PAR1 but nothing more", "rows.file"),
        (b"\x00\x01\x02", "rows.file"),
    ],
)
def test_a_file_that_cannot_be_scored_is_told_and_leaves_what_was_there(
    config: ServeConfig, tmp_path: Path, content: bytes, told: str
) -> None:
    (tmp_path / "rows.file").write_bytes(content)
    (tmp_path / "out.parquet").write_text("yesterday's")
    with pytest.raises(DataError, match=told):
        run(config, "shop", tmp_path / "rows.file", tmp_path / "out.parquet")
    assert {path.name for path in tmp_path.iterdir()} == {"rows.file", "out.parquet"}
    assert (tmp_path / "out.parquet").read_text() == "yesterday's"


def test_a_parquet_file_whose_pages_are_damaged_is_told(
    config: ServeConfig, shop: Contract, tmp_path: Path
) -> None:
    pq.write_table(synthesize(shop, 500), tmp_path / "rows.parquet")
    content = bytearray((tmp_path / "rows.parquet").read_bytes())
    content[4 : len(content) // 2] = bytes(len(content) // 2 - 4)
    (tmp_path / "rows.parquet").write_bytes(content)
    with pytest.raises(DataError, match="cannot be read"):
        run(config, "shop", tmp_path / "rows.parquet", tmp_path / "out.parquet")
    assert [path.name for path in tmp_path.iterdir()] == ["rows.parquet"]


def test_a_fault_in_the_last_batch_leaves_no_part_of_the_output(
    config: ServeConfig, tmp_path: Path
) -> None:
    lines = [LINE] * 60_000 + [LINE.replace("12.5", "dear")]
    (tmp_path / "rows.csv").write_text(HEAD + "".join(lines))
    with pytest.raises(DataError, match=r"line 60,002: price: not a float; nothing was scored"):
        run(config, "shop", tmp_path / "rows.csv", tmp_path / "out.parquet")
    assert [path.name for path in tmp_path.iterdir()] == ["rows.csv"]


def test_an_existing_output_is_replaced(config: ServeConfig, tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text(HEAD + LINE)
    (tmp_path / "scored.parquet").write_text("yesterday's")
    assert len(scored(config, tmp_path / "rows.csv")) == 1


def test_numbers_that_are_not_finite_are_missing_ones(
    config: ServeConfig, shop: Contract, tmp_path: Path
) -> None:
    row: dict[str, Any] = (
        synthesize(shop, 1).drop_columns(["returned", "refund", "name"]).to_pylist()[0]
    )
    prices = [None, np.nan, np.inf, -np.inf]
    rows = [{**row, "price": price} for price in prices]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "rows.parquet")
    assert len(set(scored(config, tmp_path / "rows.parquet")["probability"].to_pylist())) == 1


def test_without_a_served_model_or_a_file_the_next_step_is_told(
    config: ServeConfig, tmp_path: Path
) -> None:
    with pytest.raises(BundleError, match="make train"):
        run(config, "other", tmp_path / "rows.csv", tmp_path / "out.parquet")
    with pytest.raises(DataError, match="does not exist; name a CSV or Parquet file"):
        run(config, "shop", tmp_path / "rows.csv", tmp_path / "out.parquet")
    with pytest.raises(DataError, match="does not exist"):
        run(config, "shop", tmp_path, tmp_path / "out.parquet")


def test_the_scores_do_not_replace_the_rows(config: ServeConfig, tmp_path: Path) -> None:
    source = tmp_path / "rows.parquet"
    source.write_bytes(b"PAR1")
    with pytest.raises(DataError, match="is the file to score"):
        run(config, "shop", source, tmp_path / "." / "rows.parquet")
    assert source.read_bytes() == b"PAR1"
