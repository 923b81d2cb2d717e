"""A run that was stopped, wherever, is gone on with: no row is missing, none is there twice."""

import contextlib
import errno
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Protocol

import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import pytest

from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.data import delimited, read
from {{ cookiecutter.__package }}.errors import DataError
from {{ cookiecutter.__package }}.serving.score import output, parts
from {{ cookiecutter.__package }}.storage import move

from ...conftest import PACKAGE
from ..live import add_version
from .conftest import Place, rows_of

N_ROWS, MOST_KILLS = 60_000, 20


class Stopped(BaseException):
    """What a test throws in place of a signal."""


class Stop(Protocol):
    """Says behind which step, and by what, the next runs are stopped."""

    def __call__(self, step: int | None, error: BaseException | None = None) -> None:
        """``None`` for not at all."""


@pytest.fixture
def chunked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files are read in small chunks."""
    monkeypatch.setattr(read, "BATCH_ROWS", 20)
    monkeypatch.setattr(delimited, "BLOCK_BYTES", 1_500)


@pytest.fixture
def source(place: Place, shop: Contract) -> str:
    """Two files, some of whose rows break a rule: first, last, and here and there."""
    write(place.folder, rows_of(shop, 400), row_group_size=70)
    return f"{place.folder}/rows.*"


def write(folder: Path, table: pa.Table, row_group_size: int, every: int = 37) -> None:
    """A CSV and a Parquet file of the table's rows; every so many breaks a rule."""
    prices = [
        -1.0 if number % every == 0 else price
        for number, price in enumerate(table["price"].to_pylist())
    ]
    table = table.set_column(table.schema.get_field_index("price"), "price", pa.array(prices))
    half = len(table) // 2
    pacsv.write_csv(table.slice(0, half), folder / "rows.csv")
    pq.write_table(table.slice(half), folder / "rows.parquet", row_group_size=row_group_size)


@pytest.fixture
def stop(monkeypatch: pytest.MonkeyPatch) -> Stop:
    """Stops the next runs behind one of the steps by which things get their names; or not."""

    def behind(step: int | None, error: BaseException | None = None) -> None:
        steps = count()

        def stopping(source: Path, target: Path) -> None:
            move(source, target)
            if next(steps) == step:
                raise error or Stopped

        for module in (parts, output):
            monkeypatch.setattr(module, "move", stopping)

    return behind


@pytest.mark.usefixtures("chunked")
@pytest.mark.parametrize("to", ["scored.parquet", "scored"])
def test_whatever_step_a_run_was_stopped_at_it_ends_with_the_same(
    place: Place, source: str, stop: Stop, to: str
) -> None:
    expected, n_steps = place.scored(source, "whole.parquet"), 0
    rejected = place.quarantine("whole")
    assert len(expected) + len(rejected) == 400
    for n_steps in count():
        target = f"{n_steps}-{to}"
        stop(n_steps)
        try:
            place.run(source, target)
            break
        except Stopped:
            assert target not in place.left or place.read(target).equals(expected)
        stop(None)
        assert place.run(source, target).rows_in == 400
        assert place.read(target).equals(expected)
        assert place.quarantine(target.removesuffix(".parquet")) == rejected
        assert f".{target}.scoring" not in place.left
    assert n_steps >= 8


@pytest.fixture
def stopped(place: Place, source: str, stop: Stop, chunked: None) -> Path:
    """The folder that a run left beside its target when it was stopped behind its second part."""
    stop(3)
    with pytest.raises(Stopped):
        place.run(source)
    stop(None)
    (found,) = place.folder.glob(".scored.parquet.scoring/*/job.json")
    return found.parent


def test_what_was_scored_before_is_not_scored_again(
    place: Place, source: str, stopped: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    done = sum(pq.read_metadata(part).num_rows for part in stopped.glob("scored/*"))
    run = (stopped / "run").read_text().strip()
    counts = place.run(source, batch_rows=50, batch_threads=3)
    told = capsys.readouterr().out
    assert f"by run {run}" in told
    assert 0 < done < counts.scored
    metadata = pq.read_metadata(place.folder / "scored.parquet")
    assert metadata.metadata[b"run"].decode() == run
    assert metadata.num_row_groups >= 4


def test_another_model_starts_from_the_first_row(
    place: Place,
    shop: Contract,
    source: str,
    stopped: Path,
    capsys: pytest.CaptureFixture[str],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    bundles = tmp_path_factory.mktemp("two")
    for bias in (0.0, 1.0):
        add_version(bundles, shop, bias=bias)
    config = place.config.model_copy(update={"bundles": bundles})
    capsys.readouterr()
    replace(place, config=config).run(source)
    told = capsys.readouterr().out
    assert "anew      the run that did not end was of other version and bundle; its parts" in told
    assert "resumes" not in told
    metadata = pq.read_metadata(place.folder / "scored.parquet").metadata
    assert metadata[b"version"] == b"2"
    assert place.left == {"rows.csv", "rows.parquet", "scored.parquet", "quarantine"}


def test_the_first_model_can_still_end_what_it_began(
    place: Place,
    source: str,
    stopped: Path,
    shop: Contract,
    capsys: pytest.CaptureFixture[str],
    tmp_path_factory: pytest.TempPathFactory,
    stop: Stop,
) -> None:
    bundles = tmp_path_factory.mktemp("two")
    for bias in (0.0, 1.0):
        add_version(bundles, shop, bias=bias)
    config = place.config.model_copy(update={"bundles": bundles})
    stop(3)
    with pytest.raises(Stopped):
        replace(place, config=config).run(source)
    stop(None)
    capsys.readouterr()
    replace(place, config=config).run(source, number=1)
    assert "resumes" in capsys.readouterr().out


def test_changed_rows_start_from_the_first_row(
    place: Place, shop: Contract, source: str, stopped: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(place.folder, rows_of(shop, 300, seed=1), row_group_size=50)
    capsys.readouterr()
    assert place.run(source).rows_in == 300
    assert "the run that did not end was of other rows; its parts" in capsys.readouterr().out


@pytest.mark.usefixtures("chunked")
def test_a_full_disk_is_told_and_what_was_done_before_is_kept(
    place: Place, source: str, stop: Stop, capsys: pytest.CaptureFixture[str]
) -> None:
    stop(3, OSError(errno.ENOSPC, "No space left on device"))
    with pytest.raises(DataError, match=r"stopped: .*No space left on device; what was scored is"):
        place.run(source)
    stop(None)
    assert place.run(source).rows_in == 400
    assert "resumes" in capsys.readouterr().out


def test_a_damaged_part_is_told(place: Place, source: str, stopped: Path) -> None:
    (stopped / "scored" / "part-000001.parquet").write_text("")
    with pytest.raises(DataError, match=r"part-000001.parquet' .* is damaged; delete its folder"):
        place.run(source)


# Runs the job in forks of a process that has imported everything, so that a run takes a moment.
SCRIPT = f"""
import os, sys
from pathlib import Path
from typing import Protocol
from {PACKAGE}.config import ServeConfig
from {PACKAGE}.data import delimited, read
from {PACKAGE}.serving.score import job
from {PACKAGE}.serving.score.source import Ask

read.BATCH_ROWS, delimited.BLOCK_BYTES = 1_000, 50_000
config = ServeConfig.model_validate_json(sys.argv[1])
print("ready", flush=True)
for line in sys.stdin:
    child = os.fork()
    if not child:
        sys.stdout = open(os.devnull, "w")
        job.run(config, "shop", Ask(where=sys.argv[2]), Path(line.strip()))
        os._exit(0)
    print(child, flush=True)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


@contextlib.contextmanager
def runner(place: Place, source: str) -> Iterator["subprocess.Popen[str]"]:
    command = [sys.executable, "-c", SCRIPT, place.config.model_dump_json(), source]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert heard(process) == "ready"
        yield process
        process.kill()


def heard(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def begin(process: "subprocess.Popen[str]", target: Path) -> int:
    assert process.stdin is not None
    process.stdin.write(f"{target}\n")
    process.stdin.flush()
    return int(heard(process))


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
@pytest.mark.parametrize("to", ["scored.parquet", "scored"])
def test_runs_killed_at_random_moments_score_every_row_once(
    place: Place, shop: Contract, to: str
) -> None:
    moments = random.Random(0)  # noqa: S311 - moments, not secrets
    write(place.folder, rows_of(shop, N_ROWS), row_group_size=9_000, every=997)
    config = place.config.model_copy(update={"batch_rows": N_ROWS // 20})
    place, source = replace(place, config=config), f"{place.folder}/rows.*"
    with runner(place, source) as process:
        begin(process, place.folder / "whole.parquet")
        begun = time.perf_counter()
        assert heard(process) == "0"
        seconds = time.perf_counter() - begun
        expected, rejected = place.read("whole.parquet"), place.quarantine("whole")
        places = [int(order.removeprefix("row-")) for order in expected["order"].to_pylist()]
        assert places == [number for number in range(N_ROWS) if number % 997]
        assert len(expected) + len(rejected) == N_ROWS
        kills = 0
        for turn in range(3):
            target, ended = f"{turn}-{to}", ""
            while ended != "0":
                child = begin(process, place.folder / target)
                time.sleep(moments.uniform(0, seconds / 3))
                assert target not in place.left or place.read(target).equals(expected)
                if kills < MOST_KILLS * (turn + 1):
                    with contextlib.suppress(ProcessLookupError):  # it may have ended by itself
                        os.kill(child, 9)
                ended = heard(process)
                kills += ended == "-9"
            assert place.read(target).equals(expected)
            assert place.quarantine(target.removesuffix(".parquet")) == rejected
            assert f".{target}.scoring" not in place.left
    assert kills > 6
