"""``demo-drift``: ten weeks of traffic, two faults that come and go, and what monitoring says of them.

From the third week on a column arrives in another unit, for three weeks; from the sixth on outcomes
go bad, for two. Log, history and reports stand in a folder of their own, emptied at the start.
"""

import io
import shutil
import time
from collections.abc import Iterator
from contextlib import redirect_stdout
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from .config import Config, load
from .contract import Contract, load_contract
from .data.dataset import current
from .demo import CLOSED, free_port, server, stage
from .errors import DataError
from .models.arrow import from_table
from .models.days import first_day, local_days, windows_of
from .models.metrics import METRICS
from .models.profile import SCORE
from .models.tasks import task_of
from .models.versions import Versions
from .monitoring import job
from .monitoring.history import History
from .monitoring.page.kept import alerts_of
from .monitoring.page.page import PAGE
from .monitoring.replay import Traffic, calling
from .terminal import progress, say

WEEKS, ROWS_A_WEEK, TOO_SMALL = 10, 3_000, 100.0
MOVED, BAD = range(3, 6), range(6, 8)
"""The weeks in which a column is in another unit, and in which outcomes are not what came true."""
EPOCH = date(1970, 1, 1)


def run(configs: Path, overrides: list[str]) -> None:
    """Train if nothing serves yet; then play, break, judge and tell, week by week.

    Raises:
        DataError: the test rows have no time, or fewer weeks than the story.
        ProjectError: a stage failed; it said why.
    """
    own = load(configs, overrides)
    contract = load_contract(configs / "contract.yaml")
    folder = own.data.directory / "demo-drift"
    overrides = [f"serve.port={free_port()}", *CLOSED, *overrides, *_apart(folder)]
    config = load(configs, overrides)
    shared = ["--configs", str(configs), *(word for o in overrides for word in ("--set", o))]
    versions = Versions(config.train.bundles, contract.name)
    if versions.served() is None:
        for name in ("data", "train"):
            stage(name, shared)
    if versions.served() is None:
        say(f"\nstopped   {versions.unserved()}")
        return
    weeks = list(weeks_of(contract, current(config.data.directory).read("test")))
    shutil.rmtree(folder, ignore_errors=True)
    start = time.monotonic()
    with server(shared, base := f"http://{config.serve.host}:{config.serve.port}"):
        delay = timedelta(days=config.monitor.label_delay_days)
        with calling(base) as client:
            _story(config, contract, weeks, Traffic(client, contract, delay))
    say(f"\ndone in {time.monotonic() - start:.0f} s; log, history and reports stand in {folder}")
    say(f"page      {config.monitor.reports / contract.name / PAGE}  open it in a browser")


def weeks_of(contract: Contract, table: pa.Table) -> Iterator[tuple[date, pa.Table]]:
    """Whole local weeks of rows, each with its Monday and as many rows as are played.

    Raises:
        DataError: the rows have no time, or fewer weeks than the story.
    """
    if contract.time is None:
        raise DataError("the contract names no time, so no row belongs to a week; see make replay")
    seconds = from_table(contract, table).time[:, contract.times.index(contract.time)]
    days = local_days(seconds, contract.zone)
    numbers, random = windows_of(days, 7), np.random.default_rng(0)
    whole = [
        number
        for number in np.unique(numbers).tolist()
        if len(np.unique(days[numbers == number])) == 7
    ]
    if len(whole) < WEEKS:
        raise DataError(
            f"the test rows hold {len(whole)} whole weeks; the story takes {WEEKS}: set"
            " data.split.test_from to an earlier day, and train again"
        )
    for number in whole[:WEEKS]:
        rows = random.permutation(np.flatnonzero(numbers == number))[:ROWS_A_WEEK]
        rows = rows[np.argsort(seconds[rows], kind="stable")]
        yield EPOCH + timedelta(days=first_day(number, 7)), table.take(pa.array(rows))


def _apart(folder: Path) -> list[str]:
    """Settings by which nothing of the person's own is touched."""
    return [
        f"serve.log={folder / 'live'}",
        f"serve.reports={folder / 'reports'}",
        f"monitor.log={folder / 'live'}",
        f"monitor.history={folder / 'monitoring.sqlite'}",
        f"monitor.reports={folder / 'reports'}",
    ]


def _story(
    config: Config, contract: Contract, weeks: list[tuple[date, pa.Table]], traffic: Traffic
) -> None:
    """Each week: what happens, what is found, which alerts that raises or ends."""
    column = measured(contract)
    history, told = History(config.monitor.history), dict[int, str]()
    for number, (monday, table) in enumerate(weeks, start=1):
        happens = "as ever"
        if number in MOVED:
            happens = f"'{column}' arrives {TOO_SMALL:g} times too small, in another unit"
            table = _moved(table, contract, column)
        elif number in BAD:
            happens, table = "the outcomes told are not those that came", _dealt(table, contract)
        say(f"\n── week {number} of {WEEKS}, from {monday} " + "─" * 30)
        say(f"traffic   {happens}")
        with progress("replay", len(table), keep=False) as bar:
            traffic.play(table, bar)
        with redirect_stdout(io.StringIO()):
            job.run(config, contract.name)
        _tell_findings(history, contract)
        _tell_alerts(history, contract.name, told)


def measured(contract: Contract) -> str:
    """The number that arrives in another unit: the first of type float.

    Raises:
        DataError: there is none.
    """
    for name in contract.features:
        if contract.columns[name].type == "float":
            return name
    raise DataError("the contract has no feature of type float that could change its unit")


def _moved(table: pa.Table, contract: Contract, column: str) -> pa.Table:
    """The table with a column in another unit, as far as the contract lets it in."""
    place, least = table.column_names.index(column), contract.columns[column].minimum
    values = pc.divide(table[column], TOO_SMALL)
    if least is not None:
        values = pc.max_element_wise(values, float(least), skip_nulls=False)
    return table.set_column(place, column, values.cast(table[column].type))


def _dealt(table: pa.Table, contract: Contract) -> pa.Table:
    """The table with its outcomes dealt to other rows."""
    place = table.column_names.index(contract.target)
    rows = np.random.default_rng(len(table)).permutation(len(table))
    return table.set_column(place, contract.target, table[contract.target].take(pa.array(rows)))


def _tell_findings(history: History, contract: Contract) -> None:
    """The newest judged window's columns, and the newest quality."""
    main, kept = task_of(contract).main, history.windows(contract.name)
    judged = [
        (window, found)
        for window in kept[-3:]
        for found in history.findings(window.model, window.version, window=window.name).values()
    ]
    quality = [
        (window, one)
        for window, found in judged
        for one in found
        if (one.kind, one.subject, one.part) == ("quality", main, "")
    ]
    if not judged:
        say("unjudged  no window is complete yet")
        return
    for window, one in quality[-1:]:
        band = "" if one.low is None else f" ({one.low:.3f} to {one.high or one.low:.3f})"
        limit = "" if one.limit is None else f", limit {one.limit:.3f}"
        say(f"quality   {METRICS[main].title} {one.value:.3f}{band}{limit}, week of {window.name}")
    window, found = judged[-1]
    beyond = dict.fromkeys(
        "the answers" if one.subject == SCORE else one.subject
        for one in found
        if one.kind in ("data_drift", "prediction_drift") and one.breach
    )
    say(f"drifted   {', '.join(beyond) or 'nothing'}, week of {window.name}")


def _tell_alerts(history: History, model: str, told: dict[int, str]) -> None:
    """What was raised or resolved since it was told of last."""
    for alert in sorted(alerts_of(history, model), key=lambda one: one["id"]):
        if told.get(alert["id"]) != alert["state"]:
            told[alert["id"]] = alert["state"]
            word = "▲ raised " if alert["state"] == "open" else "✓ resolved"
            say(f"{word} {alert['text']}")
