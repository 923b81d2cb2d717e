"""A thread beside the loop for what nobody has to wait for."""

import logging
from collections.abc import Callable
from queue import Full, Queue
from threading import Thread
from time import monotonic

LOGGER = logging.getLogger(__name__)
Job = Callable[[], None]


class Background:
    """Does one job after the other, and refuses a job when too many wait.

    The thread is a daemon: a job that hangs keeps no server from ending.
    """

    def __init__(self, most: int) -> None:
        """``most`` jobs may wait."""
        self._jobs: Queue[Job] = Queue(most)
        self._closed = False
        self._began: float | None = None
        self._thread = Thread(target=self._run, daemon=True)
        self._thread.start()

    def take(self, job: Job) -> bool:
        """Do a job when those before it are done; false where there is no place."""
        try:
            self._jobs.put_nowait(job)
        except Full:
            return False
        return True

    @property
    def busy_s(self) -> float:
        """How long the present job has taken by now."""
        began = self._began
        return 0.0 if began is None else monotonic() - began

    def close(self, wait_s: float = 0.0) -> None:
        """End once all jobs are done, and wait so long for it."""
        self._closed = True
        self.take(lambda: None)  # wakes it; where there is no place it is awake
        self._thread.join(wait_s)

    def _run(self) -> None:
        while not (self._closed and self._jobs.empty()):
            job = self._jobs.get()
            self._began = monotonic()
            try:
                job()
            except Exception:
                LOGGER.exception("a comparison of champion and challenger failed")
            self._began = None
