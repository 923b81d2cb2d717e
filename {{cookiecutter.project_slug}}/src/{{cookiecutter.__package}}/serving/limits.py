"""What one request may take of what all share: bytes, time, and a place among those in flight."""

from time import perf_counter

from ..config import ServeConfig
from .problems import ProblemError

AGAIN_S = 1
"""When a caller who found no place should ask again."""


class Limits:
    """The limits, and how many requests are in flight; entered while one is answered."""

    def __init__(self, config: ServeConfig) -> None:
        self.max_body_bytes = config.max_body_bytes
        self.body_timeout_s = config.body_timeout_s
        self.deadline_s = config.deadline_s
        self._max_waiting = config.max_waiting
        self._waiting = 0

    def __enter__(self) -> None:
        """Take a place.

        Raises:
            ProblemError: there is none.
        """
        if self._waiting >= self._max_waiting:
            message = f"{self._waiting:,} requests wait already; ask again in {AGAIN_S} s"
            raise ProblemError(429, "overloaded", message, headers={"retry-after": str(AGAIN_S)})
        self._waiting += 1

    def __exit__(self, *_: object) -> None:
        self._waiting -= 1

    def check_deadline(self, arrived: float) -> None:
        """Pass if a request of that time, by ``perf_counter``, is answered in time.

        Raises:
            ProblemError: it is not.
        """
        if perf_counter() - arrived > self.deadline_s:
            raise self.late()

    def late(self) -> ProblemError:
        """To a request whose answer would come too late."""
        message = f"no answer within {self.deadline_s:g} s; ask again later, or with fewer rows"
        return ProblemError(504, "deadline", message)
