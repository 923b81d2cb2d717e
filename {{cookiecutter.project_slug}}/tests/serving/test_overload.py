"""More work than the server can do, and much work for long: it does what it can, in the same memory."""

import asyncio
import json
import math
import os
import random
import re
import shutil
import threading
import time
from collections import Counter, deque
from collections.abc import Awaitable
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

import pytest

from {{ cookiecutter.__package }}.contract import Contract

from .callers import Raw, port_of, request
from .live import until
from .test_server import process
from .test_workers import counted

ROWS = 64  # of a request, so that the server is slow beside what asks it
CALLERS = 16  # enough to keep it busy
CONNECTIONS = 240  # more callers than it lets wait, also while many rest
PHASE_S = 0.8
TURNS = 7
GOOD = 0.9
REQUESTS = int(os.environ.get("TEST_REQUESTS", 60_000))
LONGEST_S = math.inf if "TEST_REQUESTS" in os.environ else 40.0
GROWTH_MB = 20


def cpu_s(pid: int) -> float:
    """Seconds of processors that a process has had."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Asker:
    """Callers who ask the same, each by its connection, and how often each status was answered."""

    def __init__(self, port: int, raw: bytes) -> None:
        self._port = port
        self._raw = raw
        self._idle: deque[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = deque()
        self.answered: Counter[int] = Counter()

    async def __aenter__(self) -> "Asker":
        for _ in range(CONNECTIONS):
            self._idle.append(await asyncio.open_connection("127.0.0.1", self._port))
        return self

    async def __aexit__(self, *_: object) -> None:
        for _reader, writer in self._idle:
            writer.close()

    async def ask(self) -> None:
        """One request of an idle caller, if there is one; who is refused rests as he is told."""
        if not self._idle:
            return
        reader, writer = self._idle.popleft()  # the server closes those that rest for long
        writer.write(self._raw)
        head = await reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", head)
        assert length
        await reader.readexactly(int(length[1]))
        self.answered[int(head.split(b" ", 2)[1])] += 1
        if told := re.search(rb"retry-after: (\d+)", head):
            await asyncio.sleep(int(told[1]))
        self._idle.append((reader, writer))

    async def busy(self, lasts_s: float) -> None:
        """Each of a few callers asks again once it is answered."""
        start = time.monotonic()

        async def caller() -> None:
            while time.monotonic() - start < lasts_s:
                await self.ask()

        await asyncio.gather(*(caller() for _ in range(CALLERS)))

    async def flood(self, per_s: float, lasts_s: float) -> None:
        """So many are asked per second, answered or not."""
        start, asked = time.monotonic(), 0
        asking: set[asyncio.Task[None]] = set()
        while (passed := time.monotonic() - start) < lasts_s:
            while asked < passed * per_s:
                asked += 1
                asking.add(task := asyncio.create_task(self.ask()))
                task.add_done_callback(asking.discard)
            await asyncio.sleep(0.002)
        await asyncio.gather(*asking)


@dataclass
class Rates:
    """Answers per second of the server's processor, turn by turn.

    By the clock a machine that others share would be measured, and not the server.
    """

    peaks: list[float] = field(default_factory=list)
    flooded: list[float] = field(default_factory=list)

    @property
    def kept(self) -> float:
        """Of the peak, while twice as much is asked."""
        peaks = [(before + after) / 2 for before, after in pairwise(self.peaks)]
        return median(rate / peak for rate, peak in zip(self.flooded, peaks, strict=True))

    @property
    def recovered(self) -> float:
        """Of the peak before, two seconds after."""
        return median(after / before for before, after in pairwise(self.peaks))


async def measure(pid: int, port: int, raw: bytes) -> tuple[Rates, Counter[int]]:
    """Ask as much as can be answered, then twice that, in turns."""
    rates = Rates()
    async with Asker(port, raw) as asker:

        async def rate(asking: Awaitable[None]) -> tuple[float, float]:
            start, cpu, before = time.monotonic(), cpu_s(pid), asker.answered[200]
            await asking
            answered = asker.answered[200] - before
            return answered / (cpu_s(pid) - cpu), answered / (time.monotonic() - start)

        await asker.busy(1.0)
        for _ in range(TURNS):
            peak, per_s = await rate(asker.busy(PHASE_S))
            rates.peaks.append(peak)
            rates.flooded.append((await rate(asker.flood(2 * per_s, PHASE_S)))[0])
            await asker.busy(PHASE_S / 2)
        rates.peaks.append((await rate(asker.busy(PHASE_S)))[0])
    return rates, asker.answered


@pytest.mark.slow
def test_at_twice_what_it_can_answer_it_answers_as_many_and_then_as_before(
    tmp_path: Path, shop: Contract, row: dict[str, Any]
) -> None:
    if not Path("/proc/self/stat").exists():
        pytest.skip("needs /proc")
    raw = request(json.dumps({"rows": [row] * ROWS}).encode())
    with process(tmp_path, shop, "--set", "serve.max_waiting=64") as (server, url):
        for last in (False, True):  # the machine may have had something else to do
            rates, answered = asyncio.run(measure(server.pid, port_of(url), raw))
            assert set(answered) == {200, 429}
            if last or min(rates.kept, rates.recovered) >= GOOD:
                break
    assert min(rates.kept, rates.recovered) >= GOOD, (rates, rates.kept, rates.recovered)


def resident_mb(pid: int) -> float:
    found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert found
    return int(found[1]) / 1024


@pytest.mark.slow
def test_memory_does_not_grow_with_what_was_answered(
    tmp_path: Path, shop: Contract, row: dict[str, Any]
) -> None:
    if not Path("/proc/self/status").exists():
        pytest.skip("needs /proc")
    draw = random.Random(7)  # noqa: S311 - repeatable
    sizes = [round(2 ** draw.uniform(0, 7)) for _ in range(200)]  # up to 128, mostly small
    raws = [request(json.dumps({"rows": [row] * size}).encode()) for size in sizes]
    with process(tmp_path, shop) as (server, url):
        until(lambda: counted(url, "workers") == 1, "the server")
        start = time.monotonic()

        def ask(seed: int, n_requests: int) -> None:
            pick = random.Random(seed)  # noqa: S311
            with Raw(port_of(url)) as caller:
                for _ in range(n_requests):
                    if time.monotonic() - start > LONGEST_S:
                        return
                    assert caller.ask(pick.choice(raws))[0] == 200

        def load(n_requests: int) -> float:
            callers = [
                threading.Thread(target=ask, args=(seed, n_requests // 4)) for seed in range(4)
            ]
            for caller in callers:
                caller.start()
            for caller in callers:
                caller.join()
            return resident_mb(server.pid)

        warm = load(REQUESTS // 6)
        grown = load(REQUESTS - REQUESTS // 6) - warm
        answered = counted(url, "requests_total")
    print(f"{warm:.1f} MB once warm, {grown:+.1f} MB after {answered:,.0f} requests")
    shutil.rmtree(tmp_path / "live")
    assert answered > REQUESTS / 4  # on the slowest machine
    assert grown < GROWTH_MB, f"{grown:.0f} MB more after {answered:,.0f} requests"
