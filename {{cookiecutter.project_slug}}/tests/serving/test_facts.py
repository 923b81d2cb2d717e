import json
import re
from pathlib import Path
from typing import Any

from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.log.segments import SERVICE
from {{ cookiecutter.__package }}.serving.facts import Facts
from {{ cookiecutter.__package }}.serving.http.problems import (
    Fault,
    column_of,
)
from {{ cookiecutter.__package }}.serving.metrics import Metrics
from {{ cookiecutter.__package }}.serving.predictor import Predictor
from {{ cookiecutter.__package }}.serving.store import Store

from .conftest import serve_config
from .live import add_version, live, records

MADE_UP = "hush-4711"


def test_a_server_tells_what_it_answered_and_refused_without_a_value_that_was_sent(
    tmp_path: Path, shop: Contract, row: dict[str, Any]
) -> None:
    config = serve_config(tmp_path)
    add_version(config.bundles, shop)
    with live(config) as client:
        client.post("/predict", json={"rows": [row] * 2})
        client.post("/predict", json={"rows": [{**row, "price": -1}, {**row, "price": -2}]})
        client.post("/predict", json={"rows": [{**row, "channel": MADE_UP, MADE_UP: MADE_UP}]})
        client.post("/predict/columns", json={"columns": {n: [v] for n, v in row.items()}})
        client.post("/predict/columns", json={"columns": {name: [None] for name in row}})
        client.get("/model")
    (told,) = records(config.log, SERVICE)
    assert (told["model"], told["version"]) == ("shop", 1)
    assert told["since"] < told["time"]
    assert told["requests"] == {"200": 2, "422": 3}
    assert sum(told["ms"].values()) == 5
    refused = {(column, rule): n for column, rule, n in told["refused"]}
    assert refused["price", "greater_than_equal"] == 1  # a request, not a row
    assert ("body", "extra_forbidden") in refused
    assert {column for column, _ in refused} <= {*shop.request, "body"}
    assert {"channel", "items"} <= {column for column, _ in refused}
    assert MADE_UP not in json.dumps(told)


def test_what_a_caller_names_is_no_series_of_its_own(
    tmp_path: Path, shop: Contract, row: dict[str, Any]
) -> None:
    config = serve_config(tmp_path)
    add_version(config.bundles, shop)
    with live(config) as client:
        for number in range(5):
            client.post("/predict", json={"rows": [{**row, f"made-up-{number}": 1}]})
        text = client.get("/metrics").text
    assert re.findall(r"^contract_refusals_total.*$", text, re.MULTILINE) == [
        'contract_refusals_total{column="body",rule="extra_forbidden"} 5.0'
    ]


def test_columns_are_found_in_faults_whatever_they_are_called() -> None:
    for field, rule, column in (
        ("rows.3.price", "missing", "price"),
        ("rows.0.a.b", "string_type", "a.b"),
        ("rows.0.17", "missing", "17"),
        ("columns.price.3", "float_type", "price"),
        ("columns.price", "too_short", "price"),
        ("rows", "too_long", "body"),
        ("body", "json_invalid", "body"),
        ("rows.0.anything", "extra_forbidden", "body"),
    ):
        assert column_of(Fault(field=field, rule=rule, message="")) == column


def served(tmp_path: Path, shop: Contract) -> Predictor:
    config = serve_config(tmp_path)
    add_version(config.bundles, shop)
    store = Store(config.bundles, None, 10)
    store.refresh()
    assert store.current is not None
    return store.current


def test_a_minute_is_told_once_and_one_without_requests_not_at_all(
    tmp_path: Path, shop: Contract
) -> None:
    predictor, metrics = served(tmp_path, shop), Metrics()
    facts = Facts(tmp_path / "log", metrics, every_s=0)
    facts.look(predictor)
    for _ in range(2):
        for _ in range(3):
            metrics.answered("/predict", 200, 0.0015)
        facts.look(predictor)
        facts.look(predictor)
    facts.close()
    told = records(tmp_path / "log", SERVICE)
    assert [(one["requests"], one["ms"]) for one in told] == [({"200": 3}, {"2": 3})] * 2
    assert told[0]["time"] <= told[1]["since"]


def test_what_the_disk_did_not_take_is_told_later(tmp_path: Path, shop: Contract) -> None:
    predictor, metrics, log = served(tmp_path, shop), Metrics(), tmp_path / "log"
    facts = Facts(log, metrics, every_s=0)
    facts.look(predictor)
    log.write_text("no folder")
    metrics.answered("/predict", 503, 9.0)
    facts.look(predictor)
    log.unlink()
    metrics.answered("/predict", 200, 0.5)
    facts.look(predictor)
    facts.close()
    (told,) = records(log, SERVICE)
    assert (told["requests"], told["ms"]) == ({"200": 1, "503": 1}, {"500": 1, "inf": 1})
