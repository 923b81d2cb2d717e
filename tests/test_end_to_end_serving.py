"""The trained flights behind HTTP: asked, scored beside, replayed, monitored, stopped."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import answering
import pytest
from predictor import Server, start, stop
from rendering import CONTEXT, TEMPLATE, BakedProject, Ran, current_dataset, last_line

# No proxy of the environment stands between the tests and a server on this machine.
LOCAL = {"NO_PROXY": "127.0.0.1,localhost", "no_proxy": "127.0.0.1,localhost"}


@pytest.fixture(autouse=True, scope="module")
def no_proxy() -> Iterator[None]:
    """Keep the environment's proxy out of the way of requests to this machine."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in LOCAL.items():
            patch.setenv(name, value)
        yield


@pytest.fixture(scope="module")
def server(
    ready: BakedProject, training: Ran, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """Return the predictor of the trained model."""
    running = start(ready.python, ready, tmp_path_factory.mktemp("server") / "log.txt")
    yield running
    if running.process.poll() is None:
        stop(running)


def example(server: Server) -> Any:
    """Return the body that the API's documentation shows."""
    schema = server.ask("/openapi.json").content
    assert schema["info"]["description"] == CONTEXT["description"]
    content = schema["paths"]["/predict"]["post"]["requestBody"]["content"]["application/json"]
    return content["examples"]["typical"]["value"]


def test_the_example_of_the_documentation_is_answered(server: Server) -> None:
    body = example(server)
    answer = server.ask("/predict", body)

    assert answer.status == 200, str(answer)
    assert len(answer.content["predictions"]) == len(body["rows"])
    assert 0 <= answer.content["predictions"][0]["probability"] <= 1
    assert (answer.content["model"], answer.content["version"]) == ("flight-delay", 1)
    assert answer.content["request_id"]


def test_the_clients_example_runs_as_it_stands(
    ready: BakedProject, server: Server, tmp_path: Path
) -> None:
    page = ready.read("docs/howto/client.md")
    (block,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    script = tmp_path / "example.py"
    script.write_text(block.replace("localhost:8000", f"127.0.0.1:{server.port}"))
    name, version, *answers = ready.run(ready.python, script).output.splitlines()

    assert (name, version) == ("flight-delay", "1")
    assert len(answers) == 2
    for answer in answers:
        assert re.match(r"\{'probability': 0\.\d+, 'decision': (True|False)", answer)


@pytest.mark.parametrize(
    ("column", "value"),
    [("distance", -1), ("distance", "far"), ("origin", "ZZZ"), ("scheduled_at", "soon")],
)
def test_a_bad_value_is_refused_with_the_name_of_its_field(
    server: Server, column: str, value: object
) -> None:
    (row,) = example(server)["rows"]
    answer = server.ask("/predict", {"rows": [row | {column: value}]})

    assert answer.status == 422, str(answer)
    assert any(column in fault["field"] for fault in answer.content["faults"])


def test_an_environment_without_any_heavy_library_serves_the_same_model(
    ready: BakedProject, installed: Path, server: Server, tmp_path: Path
) -> None:
    body = example(server)
    slim = start(installed, ready, tmp_path / "log.txt")
    try:
        answer = slim.ask("/predict", body)
    finally:
        stop(slim)

    assert answer.status == 200, str(answer)
    assert answer.content["predictions"] == server.ask("/predict", body).content["predictions"]


def test_a_missing_column_is_refused_with_its_name(server: Server) -> None:
    (row,) = example(server)["rows"]
    del row["origin"]
    answer = server.ask("/predict", {"rows": [row]})

    assert answer.status == 422, str(answer)
    assert "origin" in answer.text


def test_every_answered_prediction_is_in_the_log(ready: BakedProject, server: Server) -> None:
    answer = server.ask("/predict", example(server))
    logs = [file for file in (ready.path / "data" / "live").rglob("*") if file.is_file()]

    assert any(answer.content["request_id"] in file.read_text("utf-8") for file in logs)


def test_the_server_counts_what_it_answers(server: Server) -> None:
    server.ask("/predict", example(server))
    metrics = server.ask("/metrics")

    assert metrics.status == 200
    assert "/predict" in metrics.text
    assert server.ask("/health/live").status == 200


def test_batch_scoring_and_the_server_give_the_same_probabilities(
    ready: BakedProject, server: Server, tmp_path: Path
) -> None:
    source, target = current_dataset(ready) / "test.parquet", tmp_path / "scored.parquet"
    ready.run(ready.python, "-m", "flight_delay", "score", source, "--output", target)

    rows, scored = some_rows(ready, source, target, example(server)["rows"][0])
    answered = server.ask("/predict", {"rows": rows})

    assert answered.status == 200, str(answered)
    online = [prediction["probability"] for prediction in answered.content["predictions"]]
    assert online == pytest.approx(scored, rel=1e-5, abs=1e-5)


def some_rows(
    project: BakedProject, source: Path, target: Path, like: dict[str, Any]
) -> tuple[list[dict[str, Any]], list[float]]:
    """Return a hundred rows of a file as a client would send them, and their batch scores."""
    script = """
import json, sys
import pyarrow.parquet as pq
source, target = (pq.read_table(path) for path in sys.argv[1:3])
assert source.num_rows == target.num_rows
step = source.num_rows // 100
rows = source.select(json.loads(sys.argv[3])).to_pylist()[::step][:100]
print(json.dumps([rows, target["probability"].to_pylist()[::step][:100]],
                 default=lambda value: value.isoformat()))
"""
    ran = project.run(project.python, "-c", script, source, target, json.dumps(list(like)))
    rows, scored = json.loads(ran.output)
    return rows, scored


def test_the_bare_server_of_the_benchmarks_answers_as_the_projects_own(
    ready: BakedProject, server: Server, tmp_path: Path
) -> None:
    handing = ("-m", "served", ready.path, tmp_path / "given")
    benchmarks = TEMPLATE / "benchmarks"
    handed = ready.run(ready.python, *handing, PYTHONPATH=str(benchmarks))
    row = example(server)["rows"][0]
    sparse = {name: value for name, value in row.items() if name != "temperature"}
    rows = [row, sparse, row | {"wind_gust": None, "carrier": "never seen"}]
    bare = answering.Server(
        command=(ready.python, "-m", "servers.bare", "{port}"),
        folder=benchmarks,
        body=tmp_path / "given" / "rows.json",
        probability=json.loads(last_line(handed))["probability"],
        environment={"GIVEN_FOLDER": str(tmp_path / "given")},
    )

    own = [server.ask("/predict", {"rows": [each]}).content["predictions"] for each in rows]
    with answering.running(bare, tmp_path / "bare.txt") as running:
        other = replace(server, port=running.port)
        found = [other.ask("/predict", {"rows": [each]}).content["predictions"] for each in rows]

    assert len({answer[0]["probability"] for answer in own}) == 3
    for expected, actual in zip(own, found, strict=True):
        assert actual[0]["probability"] == pytest.approx(expected[0]["probability"], abs=1e-6)


def test_replayed_flights_are_monitored(ready: BakedProject, server: Server) -> None:
    port = ("--set", f"serve.port={server.port}")
    ready.run(ready.python, "-m", "flight_delay", "replay", *port, timeout_s=600)
    ran = ready.run("make", "monitor", timeout_s=300)

    assert "reports" in last_line(ran)
    assert list((ready.path / "reports").rglob("*.html"))
    assert ["2013-10-21", "6,472"] in [line.split()[:2] for line in ran.output.splitlines()]


def test_an_alert_can_fail_the_job(ready: BakedProject, server: Server) -> None:
    ran = ready.run(
        ready.python, "-m", "flight_delay", "monitor", "--fail-on-alert", check=False, timeout_s=300
    )

    assert ran.exit_code in {0, 10}, ran  # calm or alert; anything else is a failure
    assert "Traceback" not in ran.output


def test_the_server_stops_when_it_is_asked_to(
    ready: BakedProject, training: Ran, tmp_path: Path
) -> None:
    assert stop(start(ready.python, ready, tmp_path / "log.txt")) == 0
