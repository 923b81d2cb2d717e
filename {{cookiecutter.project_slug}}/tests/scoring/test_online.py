"""Rows have one answer, bit for bit, whether a file holds them or a request."""

import json
import random
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import pytest

from {{ cookiecutter.__package }}.config import ServeConfig
from {{ cookiecutter.__package }}.scoring.job import run
from {{ cookiecutter.__package }}.values import json_value

from ..conftest import TASKS, Workspace, shop_of
from ..serving.conftest import serve_config
from ..serving.live import add_version, live
from .conftest import HEAD, Place, rows_of

N_ROWS, PER_REQUEST = 10_000, 500
Draw = random.Random


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory, shop_config: ServeConfig) -> Iterator[Any]:
    """A server of the model that scores."""
    folder = tmp_path_factory.mktemp("online")
    with live(shop_config.model_copy(update={"log": folder / "live"})) as client:
        yield client


def answers_to(client: httpx.Client, rows: Sequence[str]) -> list[dict[str, Any]]:
    """What the server answers to rows of JSON."""
    answers: list[dict[str, Any]] = []
    for start in range(0, len(rows), PER_REQUEST):
        answer = client.post("/predict", content=body(rows[start : start + PER_REQUEST]))
        assert answer.status_code == 200, answer.text
        answers += answer.json()["predictions"]
    return answers


def body(rows: Sequence[str]) -> str:
    return '{"rows": [' + ", ".join(rows) + "]}"


def row_of(values: Mapping[str, str]) -> str:
    """A row whose values are JSON, to the letter."""
    return "{" + ", ".join(f'"{name}": {value}' for name, value in values.items()) + "}"


def json_rows(table: pa.Table) -> list[str]:
    """Rows as a client writes them."""
    return [json.dumps({n: json_value(v) for n, v in row.items()}) for row in table.to_pylist()]


def same(scores: pa.Table, answers: list[dict[str, Any]]) -> bool:
    """Whether all scores are the answers, to the last bit that the graph gives."""
    number = "value" if "value" in scores.column_names else "probability"
    expected = np.array([answer[number] for answer in answers], np.float32)
    actual = scores[number].to_numpy().astype(np.float32)
    assert (actual.astype(np.float64) == scores[number].to_numpy()).all()
    decisions = [answer.get("decision") for answer in answers]
    if number != "value" and decisions != scores["decision"].to_pylist():
        return False
    return bool((expected.view(np.uint32) == actual.view(np.uint32)).all())


@pytest.mark.parametrize("task", [*TASKS, "own"])
def test_files_are_scored_as_rows_are_answered(
    workspace: Workspace, tmp_path: Path, task: str
) -> None:
    if task == "own":
        contract, config = workspace.contract, workspace.config.serve
        config = config.model_copy(update={"log": tmp_path / "live"})
    else:
        contract, config = shop_of(task), serve_config(tmp_path)
        add_version(config.bundles, contract)
    key = [contract.id] if contract.id else ["_file", "_record"]
    values = ["value"] if contract.task == "regression" else ["probability", "decision"]
    table = rows_of(contract, N_ROWS if task == "own" else 1_000, seed=3)
    pq.write_table(table, tmp_path / "rows.parquet")
    pacsv.write_csv(table, tmp_path / "rows.csv")
    with live(config) as client:
        answers = answers_to(client, json_rows(table))
    for name in ("rows.parquet", "rows.csv"):
        target = tmp_path / f"of-{name}.parquet"
        run(config, contract.name, str(tmp_path / name), target)
        scores = pq.read_table(target)
        assert same(scores, answers)
        assert scores.column_names == [*key, *values, "warnings"]


def price(draw: Draw) -> str:
    """A number as any program writes it: too long, too small, half-way between two float32."""
    value, low = draw.random() * 1000, np.float32(draw.random() * 1000)
    middle = (float(low) + float(np.nextafter(low, np.float32(1e9)))) / 2
    exact = f"{np.nextafter(np.float64(value), 1e9):.60f}".rstrip("0")
    forms = [repr(value), f"{value:.0f}", f"{value / 1000:.20e}", f"{value:.3f}", repr(middle)]
    forms += [repr(float(np.nextafter(middle, end))) for end in (0.0, 1e9)]
    forms += [exact + end for end in ("", "1", "49999999999", "50000000001")]
    return draw.choice([*forms, "0", "-0.0", "1e3", "1E-3", "1e-320", "5e-324", "1e-400"])


def moment(draw: Draw) -> str:
    ends = [(0, 2 * 10**9, "Z"), (-(10**9), 0, "+05:30"), (2 * 10**9, 253_402_000_000, "-08:00")]
    first, last, zone = draw.choice(ends)
    at = np.datetime64(draw.randint(first * 10**6, last * 10**6), "us")
    return draw.choice([f"{at}{zone}", "9999-12-30T23:59:59.999999Z"])


def test_values_are_read_alike_however_they_are_written(place: Place, client: httpx.Client) -> None:
    draw = Draw(0)
    lines, rows = [], []
    for number in range(N_ROWS):
        items = [1, 2**24 + 1, 2**53 + 1, 2**63 - 1, draw.randint(1, 10**18)]
        cities = ["1", "1.0", "true", "True", "TRUE", " Lyon ", "1.5", "007", "Ü"]
        row = {"order": f'"o-{number}"', "at": f'"{moment(draw)}"', "price": price(draw)}
        row |= {"items": str(draw.choice(items)), "channel": '"web"'}
        row |= {"city": f'"{draw.choice(cities)}"', "gift": draw.choice(["true", "false"])}
        lines.append(",".join(value.strip('"') for value in row.values()) + "\n")
        rows.append(row_of(row))
    assert same(place.scored(place.write(*lines)), answers_to(client, rows))


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
    texts = [[value.replace("null", "NA").strip('"') for value in one.values()] for one in rows]
    path = place.write(*(",".join(one) + "\n" for one in texts), head=HEAD)
    place.run(path, max_rejected_fraction=1.0)
    statuses = [client.post("/predict", content=body([row_of(one)])).status_code for one in rows]
    refused = {record for record, status in enumerate(statuses, start=1) if status == 422}
    assert {record for _, record, _ in place.quarantine()} == refused
    assert 0 < len(refused) < len(rows)
