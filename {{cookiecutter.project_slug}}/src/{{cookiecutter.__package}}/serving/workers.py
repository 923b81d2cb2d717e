"""Several processes that answer on one socket; one that dies is replaced."""

import logging
import os
import signal
import socket
import tempfile
import threading
import time
from collections.abc import Callable
from multiprocessing import Pipe, get_context, parent_process
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess

from prometheus_client.multiprocess import mark_process_dead

from ..config import Config
from .metrics import FOLDER

LOGGER = logging.getLogger(__name__)
Work = Callable[[Config, socket.socket], None]
PAUSE_S = 1.0
"""Before the next start where one has died lately: one that cannot start must not fill the machine."""
LATELY_S = 10.0
APART_S = 0.05
"""Between two signals to a worker: the system makes one of two that come together."""
STUCK_S = 3.0
"""How much longer than it may take to end a worker is waited for before it is killed."""


class Workers:
    """Starts workers, and keeps their number until it is asked to stop.

    Each is a fresh interpreter (``spawn``): nothing of this process is shared but the socket.
    """

    def __init__(
        self, work: Work, config: Config, listener: socket.socket, ends_within_s: float
    ) -> None:
        """``ends_within_s`` is how long a worker may take to end."""
        self._work = work
        self._config = config
        self._listener = listener
        self._ends_within_s = ends_within_s
        self._running: list[BaseProcess] = []
        self._due: list[float] = []
        self._died_at = -LATELY_S
        self._asked = 0
        self._heard, self._said = Pipe(duplex=False)

    def run(self, n_workers: int) -> None:
        """Return when all have ended after SIGINT or SIGTERM; what was in flight is answered."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._hear)
        self._due = [time.monotonic()] * n_workers
        with tempfile.TemporaryDirectory(prefix="metrics-") as counters:
            os.environ[FOLDER] = counters
            while not self._asked:
                self._start_due()
                self._wait(min(self._due, default=None))
                for ended in self._ended():
                    mark_process_dead(ended.pid, counters)  # type: ignore[no-untyped-call]
                    self._replace(ended)
            self._stop()

    def _start_due(self) -> None:
        now = time.monotonic()
        for due in [due for due in self._due if due <= now]:
            self._due.remove(due)
            process = get_context("spawn").Process(
                target=_answer, args=(self._work, self._config, self._listener)
            )
            process.start()
            self._running.append(process)

    def _replace(self, ended: BaseProcess) -> None:
        """At once, unless another has died lately."""
        said = "worker %d ended with exit code %d; starting another"
        LOGGER.warning(said, ended.pid, ended.exitcode)
        now = time.monotonic()
        self._due.append(now + PAUSE_S if now - self._died_at < LATELY_S else now)
        self._died_at = now

    def _hear(self, *_: object) -> None:
        """Note a signal, and wake whoever waits; the rest is not for a handler."""
        self._asked += 1
        self._said.send_bytes(b"!")

    def _stop(self) -> None:
        """Pass on each signal until all have ended; the second one ends them at once."""
        self._listener.close()  # the last worker to close it turns new callers away
        ends_at, passed_on = time.monotonic() + self._ends_within_s + STUCK_S, 0
        while self._running:
            for process in self._running:
                if passed_on < self._asked:
                    process.terminate()
                elif time.monotonic() >= ends_at:
                    process.kill()
            passed_on = min(passed_on + 1, self._asked)
            again_at = time.monotonic() + APART_S
            self._wait(ends_at if passed_on == self._asked else again_at)
            self._ended()

    def _wait(self, until: float | None) -> None:
        """Wait for a worker's end, a signal or a time."""
        left_s = None if until is None else max(0.0, until - time.monotonic())
        ready = wait([self._heard, *(process.sentinel for process in self._running)], left_s)
        if self._heard in ready:
            self._heard.recv_bytes()

    def _ended(self) -> list[BaseProcess]:
        """Those that have ended since, who are no longer among those that run."""
        ended = [process for process in self._running if not process.is_alive()]
        self._running = [process for process in self._running if process not in ended]
        return ended


def _answer(work: Work, config: Config, listener: socket.socket) -> None:
    """What a worker runs: apart from the terminal's Ctrl-C, of which it hears from its parent."""
    if hasattr(os, "setsid"):
        os.setsid()
    threading.Thread(target=_end_with_parent, daemon=True).start()
    work(config, listener)


def _end_with_parent() -> None:
    """Nobody would stop a worker, or replace it, whose parent was killed."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)
