"""What one request may take of what all share: bytes, time, and a place among those in flight."""

from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter

from ...config import ServeConfig
from .problems import ProblemError

AGAIN_S = 1
"""When a caller who found no place should ask again."""


class Limits:
    """The limits, and how many requests are in flight."""

    def __init__(self, config: ServeConfig) -> None:
        self.max_body_bytes = config.max_body_bytes
        self.body_timeout_s = config.body_timeout_s
        self.deadline_s = config.deadline_s
        self._max_waiting = config.max_waiting
        self._waiting = 0

    def enter(self) -> None:
        """Take a place.

        Raises:
            ProblemError: there is none.
        """
        if self._waiting >= self._max_waiting:
            message = f"{self._waiting:,} requests wait already; ask again in {AGAIN_S} s"
            raise ProblemError(429, "overloaded", message, headers={"retry-after": str(AGAIN_S)})
        self._waiting += 1

    def leave(self) -> None:
        """Give the place back."""
        self._waiting -= 1

    @property
    def in_flight(self) -> int:
        """Requests that are not answered yet."""
        return self._waiting

    @contextmanager
    def place(self) -> Iterator[None]:
        """Hold a place meanwhile.

        Raises:
            ProblemError: there is none.
        """
        self.enter()
        try:
            yield
        finally:
            self.leave()

    def check_deadline(self, arrived: float) -> None:
        """Pass if a request of that time, by ``perf_counter``, is answered in time.

        Raises:
            ProblemError: it is not.
        """
        if perf_counter() - arrived > self.deadline_s:
            raise self.late()

    def too_slow(self) -> ProblemError:
        """To a request whose body does not come."""
        message = f"the body did not arrive within {self.body_timeout_s:g} s"
        return ProblemError(408, "body_too_slow", message, headers={"connection": "close"})

    def late(self) -> ProblemError:
        """To a request whose answer would come too late."""
        message = f"no answer within {self.deadline_s:g} s; ask again later, or with fewer rows"
        return ProblemError(504, "deadline", message)
