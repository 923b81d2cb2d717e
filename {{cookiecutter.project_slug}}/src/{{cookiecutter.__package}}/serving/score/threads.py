"""Work on several chunks at once, whose results come in order."""

import os
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Made = TypeVar("Made")


def in_order(
    work: Callable[[Item], Made], items: Iterable[Item], n_threads: int
) -> Generator[Made, None, None]:
    """What is made of each item, in their order; the next items are worked on meanwhile."""
    pending: deque[Future[Made]] = deque()
    with ThreadPoolExecutor(n_threads) as threads:
        for item in items:
            pending.append(threads.submit(work, item))
            if len(pending) > n_threads:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()


def cores() -> int:
    """Those that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
