"""The whole path on the real flights: data, training, scoring, the history of what served.

The tests stand in the order of the path. Each asks for what it needs, so each also runs alone.
What is asked of the server is in test_end_to_end_serving.py.
"""

from __future__ import annotations

import json
import re

import pytest
from rendering import CONTEXT, BakedProject, Ran, current_dataset, last_line

N_FLIGHTS = 336_776


def test_data_makes_a_version_in_which_every_row_is_accounted_for(
    ready: BakedProject, data: Ran
) -> None:
    version = current_dataset(ready)
    manifest = json.loads((version / "manifest.json").read_text("utf-8"))

    assert manifest["source_rows"]["flights"]["in"] == N_FLIGHTS
    for counts in manifest["source_rows"].values():
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
    number = json.loads((folder / "served").read_text("utf-8"))["to"]
    version = json.loads((folder / "versions" / f"{number}.json").read_text("utf-8"))

    assert all(rule["passed"] for rule in version["verdict"]), str(training)
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


def test_the_model_behaves_as_people_who_fly_expect(ready: BakedProject, training: Ran) -> None:
    ran = ready.run("make", "test-model")

    assert "test_flights.py" in ran.output
    assert re.search(r"\b[1-9]\d* passed", ran.output), str(ran)


def test_the_model_says_which_commit_it_came_from(ready: BakedProject, training: Ran) -> None:
    (metadata,) = (ready.path / "bundles" / "flight-delay").glob("*/metadata.json")
    head = ready.run("git", "rev-parse", "HEAD").output.strip()

    assert json.loads(metadata.read_text("utf-8"))["git"] == {"commit": head, "dirty": False}


def test_make_score_scores_every_row_of_a_file(ready: BakedProject, training: Ran) -> None:
    ran = ready.run("make", "score")

    (line,) = (line for line in ran.output.splitlines() if line.startswith("scored"))
    assert ".parquet" in line


def test_with_one_model_there_is_nothing_to_roll_back_to(
    ready: BakedProject, training: Ran
) -> None:
    ran = ready.run(ready.python, "-m", "flight_delay", "rollback", check=False)

    assert ran.exit_code == 5, str(ran)
    assert "nothing to roll back to" in ran.output


def test_the_history_says_who_made_the_first_model_serve_and_why_also_as_json(
    ready: BakedProject, training: Ran
) -> None:
    output = ready.run("make", "history").output
    assert "first model that passed the gate" in " ".join(output.split())

    lines = ready.run("make", "history", "ARGS=--json").output.splitlines()
    tables = [json.loads(line)["rows"] for line in lines if line.startswith("{")]
    versions, gate, moves = tables[0], tables[1], tables[-1]
    assert (versions[0]["version"], versions[0]["serves"]) == (1, "yes")
    assert {rule["passed"] for rule in gate} == {"yes"}
    assert (moves[0]["to"], moves[0]["why"]) == (1, "the first model that passed the gate")


def test_the_card_begins_with_the_description(ready: BakedProject, training: Ran) -> None:
    (card,) = ready.path.glob("bundles/flight-delay/*/card.md")

    text = " ".join(card.read_text("utf-8").split())
    assert text.startswith(f"# flight-delay {CONTEXT['description']}")
