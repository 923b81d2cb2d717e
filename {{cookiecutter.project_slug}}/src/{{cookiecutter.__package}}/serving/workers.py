"""Several processes that answer on one socket; one that dies is replaced."""

import os
import signal
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from multiprocessing import get_context, parent_process
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess

from prometheus_client.multiprocess import mark_process_dead

from ..config import ServeConfig
from .metrics import FOLDER

Work = Callable[[ServeConfig, socket.socket], None]
AGAIN_S = 1.0
"""Between a death and the next start, so that one that cannot start does not fill the machine."""


class Workers:
    """Starts workers, and keeps their number until it is asked to stop.

    Each is a fresh interpreter (``spawn``): nothing of this process is shared but the socket.
    """

    def __init__(self, work: Work, config: ServeConfig, listener: socket.socket) -> None:
        self._work = work
        self._config = config
        self._listener = listener
        self._running: list[BaseProcess] = []
        self._stopping = False

    def run(self, n_workers: int) -> None:
        """Return when all have ended after SIGINT or SIGTERM; what was in flight is answered."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._stop)
        with tempfile.TemporaryDirectory(prefix="metrics-") as counters:
            os.environ[FOLDER] = counters
            for _ in range(n_workers):
                self._start()
            while self._running:
                wait([process.sentinel for process in self._running])
                for ended in [p for p in self._running if not p.is_alive()]:
                    self._running.remove(ended)
                    mark_process_dead(ended.pid, counters)  # type: ignore[no-untyped-call]
                    self._replace(ended)

    def _start(self) -> None:
        process = get_context("spawn").Process(
            target=_answer, args=(self._work, self._config, self._listener)
        )
        process.start()
        self._running.append(process)
        if self._stopping:  # the signal came in between
            process.terminate()

    def _replace(self, ended: BaseProcess) -> None:
        if self._stopping:
            return
        print(
            f"worker {ended.pid} ended with exit code {ended.exitcode}; starting another",
            file=sys.stderr,
        )
        time.sleep(AGAIN_S)
        if not self._stopping:
            self._start()

    def _stop(self, *_: object) -> None:
        self._stopping = True
        for process in self._running:
            if process.is_alive():
                process.terminate()


def _answer(work: Work, config: ServeConfig, listener: socket.socket) -> None:
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
