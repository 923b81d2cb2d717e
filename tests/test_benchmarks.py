"""What benchmarks count and write down; how fast anything is, no test says."""

from __future__ import annotations

import csv
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import etl
import flights
import page
import pytest
import run as runner
from measuring import interleaved, reached, speed
from rendering import TEMPLATE

HEADER = (
    "year,month,day,dep_time,sched_dep_time,dep_delay,arr_time,sched_arr_time,arr_delay,carrier,"
    "flight,tailnum,origin,dest,air_time,distance,hour,minute,time_hour"
)
FLIGHTS = [
    f"2013,{month},31,1,2,3,4,5,{delay},AA,{number},N1,EWR,IAH,6,1400,7,8,{hour}"
    for number in range(5)
    for month, delay, hour in (
        (1, "11", "2013-01-31T10:00:00Z"),
        (7, "NA", "2013-07-31T10:00:00Z"),
        (12, "-4", "2014-01-01T04:00:00Z"),
    )
]


@pytest.fixture
def year(monkeypatch: pytest.MonkeyPatch) -> None:
    """Replace the example's flights by fifteen."""
    content = "".join(f"{line}\n" for line in (HEADER, *FLIGHTS))
    monkeypatch.setattr(flights, "content", content.encode)


def test_flights_come_again_in_other_years(tmp_path: Path, year: None) -> None:
    flights.make(tmp_path / "made.csv", repetitions=2, planted=0)

    with (tmp_path / "made.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert Counter((row["year"], row["month"], row["time_hour"][:7]) for row in rows) == {
        ("2021", "1", "2021-01"): 5,
        ("2021", "7", "2021-07"): 5,
        ("2021", "12", "2022-01"): 5,
        ("2022", "1", "2022-01"): 5,
        ("2022", "7", "2022-07"): 5,
        ("2022", "12", "2023-01"): 5,
    }


def test_planted_faults_are_where_the_input_says(tmp_path: Path, year: None) -> None:
    made = flights.make(tmp_path / "made.csv", repetitions=3, planted=4)

    lines = (tmp_path / "made.csv").read_text().splitlines()
    assert made.rows == len(lines) - 1
    assert made.rejected_lines == [n for n, line in enumerate(lines, start=1) if ",far," in line]
    assert made.rejected == 4
    assert made.duplicates == made.rows - len(set(lines[1:])) == 4
    ends = made.train + made.validation + made.test + made.unlabelled
    assert made.rows == ends + made.rejected + made.duplicates


def test_a_pipeline_that_counts_wrong_fails_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = {"seconds": 1.0, "cpu_s": 1.0, "peak_bytes": 1, "counts": {"rejected": 3}}
    monkeypatch.setattr(etl, "WORK", tmp_path)
    monkeypatch.setattr(etl, "fresh", lambda *_: result)

    with pytest.raises(SystemExit, match="rejected is 3, but the file was written with 4"):
        etl.once("any", etl.Input(path=tmp_path / "made.csv", expected={"rejected": 4}))


def test_entries_take_turns() -> None:
    taken: list[str] = []

    interleaved("ab", 2, taken.append)

    assert taken == ["a", "b", "a", "b"]


def test_a_speed_is_the_median_of_each_rounds_ratio() -> None:
    found = speed(own_s=[1, 2, 10], peer_s=[2, 2, 30])

    assert str(found) == "2.00 (1.00–3.00)"


@pytest.mark.parametrize(
    ("ratios", "said"),
    [
        ((0.5, 0.6, 0.4), "yes"),
        ((0.5, 0.6, 0.3), "yes, but only in 2 of 3 rounds"),
        ((0.2, 0.6, 0.3), "**no**, in 1 of 3 rounds"),
    ],
)
def test_a_target_that_not_every_round_reached_says_so(
    ratios: tuple[float, ...], said: str
) -> None:
    assert reached(ratios, least=0.4) == said
    assert reached([-ratio for ratio in ratios], most=-0.4) == said


def test_a_section_replaces_its_own_and_leaves_the_others() -> None:
    one = page.replaced("# Benchmarks\n", "one", "first")
    both = page.replaced(one, "two", r"other \1")

    assert page.replaced(both, "one", "second") == both.replace("first", "second")
    assert both.endswith("<!-- begin two -->\nother \\1\n<!-- end two -->\n")


@pytest.mark.slow
@pytest.mark.long
def test_every_benchmark_still_runs_on_few_rows() -> None:
    before = (TEMPLATE / "BENCHMARKS.md").read_bytes()

    subprocess.run([sys.executable, TEMPLATE / "benchmarks" / "run.py", "--quick"], check=True)

    assert (TEMPLATE / "BENCHMARKS.md").read_bytes() == before


def test_every_benchmark_has_a_script_and_a_section() -> None:
    text = (TEMPLATE / "BENCHMARKS.md").read_text("utf-8")

    assert sorted(re.findall(r"<!-- begin (\w+) -->", text)) == sorted(runner.BENCHMARKS)
    for name in runner.BENCHMARKS:
        assert (TEMPLATE / "benchmarks" / f"{name}.py").is_file()
