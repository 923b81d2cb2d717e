"""Rows have one answer, bit for bit, whether a file holds them or a request."""

import json
import random
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import pytest

from {{ cookiecutter.__package }}.config import ServeConfig
from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.scoring.job import run
from {{ cookiecutter.__package }}.values import json_value

from ..conftest import TASKS, Workspace, shop_of
from ..serving.conftest import serve_config
from ..serving.live import add_version, live
from .conftest import HEAD, Place, rows_of

N_ROWS = 10_000
PER_REQUEST = 500
Floats = npt.NDArray[np.float32]


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory, shop_config: ServeConfig) -> Iterator[Any]:
    """A server of the model that scores."""
    folder = tmp_path_factory.mktemp("online")
    with live(shop_config.model_copy(update={"log": folder / "live"})) as client:
        yield client


def asked(client: httpx.Client, rows: Sequence[str]) -> list[dict[str, Any]]:
    """What the server answers to rows of JSON."""
    answers: list[dict[str, Any]] = []
    for start in range(0, len(rows), PER_REQUEST):
        answered = client.post("/predict", content=body(rows[start : start + PER_REQUEST]))
        assert answered.status_code == 200, answered.text
        answers += answered.json()["predictions"]
    return answers


def body(rows: Sequence[str]) -> str:
    return '{"rows": [' + ", ".join(rows) + "]}"


def written(values: Mapping[str, str]) -> str:
    """A row whose values are JSON, to the letter."""
    return "{" + ", ".join(f'"{name}": {value}' for name, value in values.items()) + "}"


def json_rows(table: pa.Table) -> list[str]:
    """Rows as a client writes them."""
    return [json.dumps({n: json_value(v) for n, v in row.items()}) for row in table.to_pylist()]


def same(scored: pa.Table, answers: list[dict[str, Any]]) -> bool:
    """Whether all scores are the answers, to the last bit that the graph gives."""
    assert len(scored) == len(answers)
    number = "value" if "value" in scored.column_names else "probability"
    told: Floats = np.array([answer[number] for answer in answers], np.float32)
    found: Floats = scored[number].to_numpy().astype(np.float32)
    assert (found.astype(np.float64) == scored[number].to_numpy()).all()
    decided = (
        number == "value" or [a["decision"] for a in answers] == scored["decision"].to_pylist()
    )
    return bool(decided and (found.view(np.uint32) == told.view(np.uint32)).all())


def test_ten_thousand_rows_are_scored_as_they_are_answered(
    place: Place, shop: Contract, client: httpx.Client
) -> None:
    table = rows_of(shop, N_ROWS)
    pq.write_table(table, place.folder / "rows.parquet")
    pacsv.write_csv(table, place.folder / "rows.csv")
    answers = asked(client, json_rows(table))
    assert same(place.scored(place.folder / "rows.parquet", "a.parquet"), answers)
    assert same(place.scored(place.folder / "rows.csv", "b.parquet"), answers)


def test_numbers_and_times_are_read_alike_however_they_are_written(
    place: Place, client: httpx.Client
) -> None:
    draw = random.Random(0)  # noqa: S311 - rows, not secrets
    lines, rows = [], []
    for number in range(N_ROWS):
        row = {
            "order": f'"o-{number}"',
            "at": f'"{draw.choice(TIMES)(draw)}"',
            "price": draw.choice(PRICES)(draw),
            "items": str(
                draw.choice([1, 2**24 + 1, 2**53 + 1, 2**63 - 1, draw.randint(1, 10**18)])
            ),
            "channel": '"web"',
            "city": f'"{draw.choice(CITIES)}"',
            "gift": draw.choice(["true", "false"]),
        }
        lines.append(",".join(value.strip('"') for value in row.values()) + "\n")
        rows.append(written(row))
    assert same(place.scored(place.write(*lines)), asked(client, rows))


def long_fraction(draw: random.Random) -> str:
    """More digits than a float has: halves between two floats among them."""
    exact = f"{np.nextafter(np.float64(draw.random() * 1000), 1e9):.60f}".rstrip("0")
    return exact + draw.choice(["", "1", "5", "49999999999", "50000000001"])


def float32_half(draw: random.Random) -> str:
    """Just beside the middle between two float32."""
    low = np.float32(draw.random() * 1000)
    middle = (float(low) + float(np.nextafter(low, np.float32(1e9)))) / 2
    return (
        repr(float(np.nextafter(middle, draw.choice([0.0, 1e9]))))
        if draw.random() < 0.7
        else repr(middle)
    )


def moment(draw: random.Random, first: int, last: int) -> np.datetime64:
    return np.datetime64(draw.randint(first, last), "us")


SECOND = 10**6
CITIES = ("1", "1.0", "true", "True", "TRUE", " Lyon ", "1.5", "007", "Ü")
PRICES = (
    lambda draw: repr(draw.random() * 1000),
    lambda draw: str(draw.randint(0, 1000)),
    lambda draw: f"{draw.random():.20e}",
    lambda draw: f"{draw.random() * 1000:.3f}",
    lambda draw: draw.choice(
        ["0", "-0.0", "1e3", "1E-3", "1e-320", "5e-324", "1e-400", "999.99999999"]
    ),
    long_fraction,
    float32_half,
)
TIMES = (
    lambda draw: f"{moment(draw, 0, 2 * 10**9 * SECOND)}Z",
    lambda draw: f"{moment(draw, -(10**9) * SECOND, 0)}+05:30",
    lambda draw: f"{moment(draw, 2 * 10**9 * SECOND, 253_402_000_000 * SECOND)}-08:00",
    lambda draw: draw.choice(["9999-12-30T23:59:59.999999Z", "1969-12-31T23:59:59.999999Z"]),
)


@pytest.mark.parametrize("task", TASKS)
def test_each_task_is_scored_as_it_is_answered(tmp_path: Path, task: str) -> None:
    contract, config = shop_of(task), serve_config(tmp_path)
    add_version(config.bundles, contract)
    table = rows_of(contract, 1_000)
    pq.write_table(table, tmp_path / "rows.parquet")
    run(config, "shop", str(tmp_path / "rows.parquet"), tmp_path / "scored.parquet")
    with live(config) as client:
        assert same(pq.read_table(tmp_path / "scored.parquet"), asked(client, json_rows(table)))


def test_the_trained_model_scores_files_as_it_answers_rows(
    workspace: Workspace, tmp_path: Path
) -> None:
    contract, serve = workspace.contract, workspace.config.serve
    table = rows_of(contract, N_ROWS, seed=3)
    pq.write_table(table, tmp_path / "rows.parquet")
    pacsv.write_csv(table, tmp_path / "rows.csv")
    with live(serve.model_copy(update={"log": tmp_path / "live"})) as client:
        answers = asked(client, json_rows(table))
    for name in ("rows.parquet", "rows.csv"):
        target = tmp_path / f"of-{name}.parquet"
        run(serve, contract.name, str(tmp_path / name), target)
        assert same(pq.read_table(target), answers)


SPOILED = {
    "price": ["-0.1", "1000.5", "null", '"dear"', "1001"],
    "items": ["0", "-3", "null", "1.5"],
    "channel": ['"shop"', "null", '"WEB"', '"web "'],
    "city": ["null", '"nowhere"', '""'],
    "gift": ["null", '"perhaps"'],
    "at": ["null", '"noon"', '"2024-02-30T00:00:00Z"', '"2024-05-01T08:00:00Z"'],
}


def test_what_the_server_refuses_is_rejected_and_nothing_else(
    place: Place, client: httpx.Client
) -> None:
    row = {"order": '"o-1"', "at": '"2024-05-01T08:00:00Z"', "price": "12.5", "items": "2"}
    row |= {"channel": '"web"', "city": '"Lyon"', "gift": "true"}
    rows = [row | {name: value} for name, values in SPOILED.items() for value in values]
    lines = [
        ",".join(value.replace("null", "NA").strip('"') for value in spoiled.values()) + "\n"
        for spoiled in rows
    ]
    place.run(place.write(*lines, head=HEAD), max_rejected_fraction=1.0)
    refused = set()
    for record, spoiled in enumerate(rows, start=1):
        answered = client.post("/predict", content=body([written(spoiled)]))
        if answered.status_code == 422:
            refused.add(record)
    assert {record for _, record, _ in place.quarantine()} == refused
    assert 0 < len(refused) < len(rows)
