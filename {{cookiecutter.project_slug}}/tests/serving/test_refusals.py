"""What is refused, by field and rule, in one shape."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.errors import ModelFailedError
from {{ cookiecutter.__package }}.serving.predictor import Predictor

from .conftest import Serving, serve_config
from .live import add_version, live, records
from .problems import faults_of, post, problem_of


@pytest.mark.parametrize(
    ("column", "value", "rule"),
    [
        ("price", "12.5", "float_type"),
        ("price", True, "float_type"),
        ("price", None, "float_type"),
        ("price", -0.01, "greater_than_equal"),
        ("price", 1000.01, "less_than_equal"),
        ("price", float("nan"), "finite_number"),
        ("price", float("inf"), "finite_number"),
        ("price", float("-inf"), "finite_number"),
        ("items", "2", "int_type"),
        ("items", 2.5, "int_type"),
        ("items", True, "int_type"),
        ("items", 0, "greater_than_equal"),
        ("items", 2**63, "less_than_equal"),
        ("items", 10**400, "less_than_equal"),
        ("channel", "Web", "literal_error"),
        ("channel", None, "literal_error"),
        ("channel", 1, "literal_error"),
        ("city", "x" * 1_001, "string_too_long"),
        ("gift", "true", "bool_type"),
        ("gift", 1, "bool_type"),
        ("at", "2024-05-01T10:00:00", "timezone_aware"),
        ("at", "yesterday", "datetime_parsing"),
        ("at", 1714550400, "datetime_type"),
        ("order", {}, "string_type"),
        ("colour", "red", "extra_forbidden"),
        ("refund", 1.0, "extra_forbidden"),
        ("returned", True, "extra_forbidden"),
    ],
)
def test_a_value_that_breaks_a_rule_is_refused_by_field_and_rule(
    serving: Serving, row: dict[str, Any], column: str, value: object, rule: str
) -> None:
    before = len(records(serving.config.log))
    assert faults_of(post(serving, [row, {**row, column: value}])) == {(f"rows.1.{column}", rule)}
    assert len(records(serving.config.log)) == before


def test_a_number_too_large_for_any_machine_is_refused(
    serving: Serving, row: dict[str, Any]
) -> None:
    text = json.dumps({"rows": [{**row, "price": 0}]}).replace('"price": 0', '"price": 1e999')
    found = faults_of(serving.client.post("/predict", content=text))
    assert found == {("rows.0.price", "finite_number")}


@pytest.mark.parametrize("column", ["price", "items", "channel", "at"])
def test_a_column_that_must_be_there_is_named(
    serving: Serving, row: dict[str, Any], column: str
) -> None:
    part = {name: value for name, value in row.items() if name != column}
    assert faults_of(post(serving, [part])) == {(f"rows.0.{column}", "missing")}


@pytest.mark.parametrize(
    ("content", "field", "rule"),
    [
        (b"", "body", "json_invalid"),
        (b'{"rows": [', "body", "json_invalid"),
        (b'{"rows": []}', "rows", "too_short"),
        (b'{"rows": [' + b"{}," * 50 + b"{}]}", "rows", "too_long"),
        (b"{}", "rows", "missing"),
        (b"[]", "body", "dict_type"),
        (b"null", "body", "dict_type"),
        (b'{"rows": {}}', "rows", "list_type"),
        (b'{"rows": [1]}', "rows.0", "dict_type"),
        (b'{"rows": "\xff\xfe"}', "body", "json_invalid"),
        ('{"rows": []}'.encode("utf-16"), "body", "json_invalid"),
        (b"[" * 5_000, "body", "json_too_deep"),
        (b'{"rows": ' + b"[" * 300 + b"]" * 300 + b"}", "body", "json_too_deep"),
    ],
)
def test_a_body_that_is_no_request_is_refused(
    serving: Serving, content: bytes, field: str, rule: str
) -> None:
    found = faults_of(serving.client.post("/predict", content=content))
    assert (field, rule) in found


def test_at_most_twenty_faults_are_listed_and_all_are_counted(
    serving: Serving, row: dict[str, Any]
) -> None:
    problem = problem_of(post(serving, [{**row, "price": -1}] * 30), 422)
    assert len(problem.faults) == 20
    assert problem.message.startswith("30 not valid; the first is rows.0.price")


def test_a_body_above_the_limit_is_refused_unread(serving: Serving, row: dict[str, Any]) -> None:
    limit = serving.config.max_body_bytes
    problem = problem_of(serving.client.post("/predict", content=b" " * (limit + 1)), 413)
    assert problem.code == "body_too_large"
    assert "fewer rows" in problem.message
    padded = json.dumps({"rows": [row]}).encode().ljust(limit)
    assert serving.client.post("/predict", content=padded).status_code == 200


def test_a_body_that_does_not_tell_its_length_is_limited_too(serving: Serving) -> None:
    def chunks() -> Iterator[bytes]:
        for _ in range(30):
            yield b" " * 1_000

    problem_of(serving.client.post("/predict", content=chunks()), 413)


def test_unknown_paths_and_methods_are_problems_too(serving: Serving) -> None:
    assert problem_of(serving.client.get("/nothing"), 404).code == "not_found"
    refused = serving.client.get("/predict")
    assert problem_of(refused, 405).code == "method_not_allowed"
    assert refused.headers["allow"] == "POST"


def test_a_fault_of_our_own_is_a_problem_that_tells_nothing_of_the_inside(
    tmp_path: Path, shop: Contract, row: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    config = serve_config(tmp_path)
    add_version(config.bundles, shop)
    with live(config) as client:
        kinds: list[tuple[Exception, str]] = [
            (ModelFailedError("the graph gave a result that is no probability"), "model_failed"),
            (RuntimeError("password=secret"), "internal"),
        ]
        for error, code in kinds:

            def fail(*_: object, error: Exception = error) -> None:
                raise error

            monkeypatch.setattr(Predictor, "predict", fail)
            response = client.post("/predict", json={"rows": [row]})
            problem = problem_of(response, 500)
            assert problem.code == code
            assert "secret" not in response.text
        metrics = client.get("/metrics").text
        assert 'requests_total{route="/predict",status="500"} 2.0' in metrics
    assert not list(config.log.glob("predictions-*"))
