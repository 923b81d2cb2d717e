"""The whole path on the real flights: data, training, serving over HTTP, scoring, monitoring.

The tests stand in the order of the path. Each asks for what it needs, so each also runs alone.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from predictor import Server, start, stop
from rendering import BakedProject, Ran

N_FLIGHTS = 336_776
# No proxy of the environment stands between the tests and a server on this machine.
LOCAL = {"NO_PROXY": "127.0.0.1,localhost", "no_proxy": "127.0.0.1,localhost"}


@pytest.fixture(autouse=True, scope="module")
def no_proxy() -> Iterator[None]:
    """Keep the environment's proxy out of the way of requests to this machine."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in LOCAL.items():
            patch.setenv(name, value)
        yield


def last_line(ran: Ran) -> str:
    """Return the last line that says something."""
    return [line for line in ran.output.splitlines() if line.strip()][-1]


def current_dataset(project: BakedProject) -> Path:
    """Return the folder of the dataset version that is current."""
    datasets = project.path / "data" / "datasets"
    return datasets / (datasets / "current").read_text().strip()


@pytest.fixture(scope="module")
def data(ready: BakedProject) -> Ran:
    """Run `make data`."""
    return ready.run("make", "data", timeout_s=600)


@pytest.fixture(scope="module")
def training(ready: BakedProject, data: Ran) -> Ran:
    """Run `make train`."""
    return ready.run("make", "train", timeout_s=900)


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
    return schema["paths"]["/predict"]["post"]["requestBody"]["content"]["application/json"][
        "example"
    ]


def test_data_makes_a_version_in_which_every_row_is_accounted_for(
    ready: BakedProject, data: Ran
) -> None:
    version = current_dataset(ready)
    manifest = json.loads((version / "manifest.json").read_text("utf-8"))

    files = {
        Path(file).name: counts
        for source in manifest["source_rows"].values()
        for file, counts in source.items()
    }
    assert files["flights.csv"]["in"] == N_FLIGHTS
    for counts in files.values():
        assert counts["in"] == counts["accepted"] + counts["rejected"] + counts["duplicates"]
    rows = dict(manifest["rows"])
    assert rows.pop("driving") == sum(rows.values())
    assert rows["kept"] == sum(split["rows"] for split in manifest["splits"].values())
    assert version.name in last_line(data)


def test_data_a_second_time_makes_nothing_new(ready: BakedProject, data: Ran) -> None:
    version = current_dataset(ready)
    before = {file: file.stat().st_mtime_ns for file in version.rglob("*")}

    ready.run("make", "data")

    assert current_dataset(ready) == version
    assert {file: file.stat().st_mtime_ns for file in version.rglob("*")} == before


def test_the_first_model_passes_the_gate_and_serves(ready: BakedProject, training: Ran) -> None:
    folder = ready.path / "bundles" / "flight-delay"
    number = (folder / "served").read_text().strip()
    version = json.loads((folder / "versions" / f"{number}.json").read_text("utf-8"))

    assert version["passed"], str(training)
    assert (folder / version["bundle"] / "model.onnx").is_file()
    assert (ready.path / "mlflow.db").is_file()


def test_the_model_is_better_than_chance_and_no_worse_than_a_line(
    ready: BakedProject, training: Ran
) -> None:
    (metadata,) = (ready.path / "bundles" / "flight-delay").glob("*/metadata.json")
    metrics = json.loads(metadata.read_text("utf-8"))["metrics"]
    auc = {name: values["auc"]["value"] for name, values in metrics.items()}

    assert auc["dummy"] == pytest.approx(0.5)
    assert auc["model"] > 0.65
    assert auc["model"] > auc["linear"] - 0.01


def test_the_model_says_which_commit_it_came_from(ready: BakedProject, training: Ran) -> None:
    (metadata,) = (ready.path / "bundles" / "flight-delay").glob("*/metadata.json")
    head = ready.run("git", "rev-parse", "HEAD").output.strip()

    assert json.loads(metadata.read_text("utf-8"))["git"] == {"commit": head, "dirty": False}


def test_the_example_of_the_documentation_is_answered(server: Server) -> None:
    body = example(server)
    answer = server.ask("/predict", body)

    assert answer.status == 200, str(answer)
    assert len(answer.content["predictions"]) == len(body["rows"])
    assert 0 <= answer.content["predictions"][0]["probability"] <= 1
    assert (answer.content["model"], answer.content["version"]) == ("flight-delay", 1)
    assert answer.content["request_id"]


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


def test_make_score_scores_every_row_of_a_file(ready: BakedProject, training: Ran) -> None:
    ran = ready.run("make", "score")

    (line,) = (line for line in ran.output.splitlines() if line.startswith("scored"))
    assert ".parquet" in line


def test_replayed_flights_are_monitored(ready: BakedProject, server: Server) -> None:
    port = ("--set", f"serve.port={server.port}")
    ready.run(ready.python, "-m", "flight_delay", "replay", *port, timeout_s=600)
    ran = ready.run("make", "monitor", timeout_s=300)
    reports = ready.path / "reports"

    assert "reports" in last_line(ran)
    assert list(reports.rglob("*.html"))
    summaries = [json.loads(file.read_text("utf-8")) for file in reports.rglob("*.json")]
    assert summaries


def test_an_alert_can_fail_the_job(ready: BakedProject, server: Server) -> None:
    ran = ready.run(
        ready.python, "-m", "flight_delay", "monitor", "--fail-on-alert", check=False, timeout_s=300
    )

    assert ran.exit_code in {0, 10}, ran  # calm or alert; anything else is a failure
    assert "Traceback" not in ran.output


def test_with_one_model_there_is_nothing_to_roll_back_to(
    ready: BakedProject, training: Ran
) -> None:
    ran = ready.run(ready.python, "-m", "flight_delay", "rollback", check=False)

    assert ran.exit_code == 5, str(ran)
    assert "nothing to roll back to" in ran.output


def test_the_history_says_who_made_the_first_model_serve_and_why(
    ready: BakedProject, training: Ran
) -> None:
    output = ready.run("make", "history").output

    assert "first model that passed the gate" in " ".join(output.split())


def test_the_server_stops_when_it_is_asked_to(
    ready: BakedProject, training: Ran, tmp_path: Path
) -> None:
    assert stop(start(ready.python, ready, tmp_path / "log.txt")) == 0
