"""Tells sinks what they are to know: at least once, in order, each sink apart from the others."""

import random
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from filelock import FileLock, Timeout

from . import store
from .message import Message, Sink, UnsentError
from .store import Delivery

FIRST_WAIT_S, LONGEST_WAIT_S = 0.5, 8.0


def deliver(path: Path, model: str, sinks: Mapping[str, Sink], *, budget_s: float) -> list[str]:
    """Send what is unsent within ``budget_s``; say what each sink that failed said.

    Each sink has a thread: one that hangs holds up no other, and is left behind when the time is
    over. What was sent is recorded after it was, so a crash in between sends it again, under the
    same id. Two runs do not send at one time.
    """
    end = time.monotonic() + budget_s
    try:
        with FileLock(path.with_name(f"{path.name}.sending"), timeout=budget_s):
            return _deliver(path, store.unsent(path, model), sinks, end)
    except Timeout:
        return ["another run is telling them at this moment"]


def _deliver(
    path: Path, unsent: Sequence[Delivery], sinks: Mapping[str, Sink], end: float
) -> list[str]:
    problems: dict[str, str] = {}
    threads = {}
    for name, sink in sinks.items():
        waiting = [delivery for delivery in unsent if delivery.sink == name]
        if waiting:
            given = (path, name, sink, waiting, end, problems)
            threads[name] = threading.Thread(target=_send_all, args=given, daemon=True)
            threads[name].start()
    for name, thread in threads.items():
        thread.join(max(0.0, end - time.monotonic()))
        if thread.is_alive():
            problems.setdefault(name, f"{name} did not answer in time")
    return list(problems.values())


def _send_all(
    path: Path,
    name: str,
    sink: Sink,
    waiting: Sequence[Delivery],
    end: float,
    problems: dict[str, str],
) -> None:
    """Send one sink's messages in their order, until one fails for good or time is over."""
    for delivery in waiting:
        attempts, before = delivery.attempts, problems.get(name)
        for wait_s in waits():
            attempts += 1
            problem = _problem(sink, delivery)
            now = datetime.now(UTC)
            if problem is None:
                store.record(path, delivery, "sent", attempts, now)
                problems.pop(name, None)
                problems |= {} if before is None else {name: before}
                break
            problems[name] = f"{name}: {problem}"
            over = not problem.again or time.monotonic() + wait_s >= end
            state, next_at = ("dead", now) if over else ("waiting", now + timedelta(seconds=wait_s))
            store.record(path, delivery, state, attempts, next_at)
            if over and problem.again:
                return  # the others would fare no better
            if over:
                break
            time.sleep(wait_s)


def _problem(sink: Sink, delivery: Delivery) -> UnsentError | None:
    try:
        sink.send(Message(event=delivery.event, alert=delivery.alert))
    except UnsentError as error:
        return error
    except Exception as error:  # a sink's own fault is no other's; its text may hold a secret
        return UnsentError(f"failed with {type(error).__name__}", again=False)
    return None


def waits() -> Iterator[float]:
    """Seconds between tries: twice as long each time, half of it by chance, so that many part."""
    longest = FIRST_WAIT_S
    while True:
        yield longest * random.uniform(0.5, 1.0)  # noqa: S311 - nothing secret
        longest = min(2 * longest, LONGEST_WAIT_S)
