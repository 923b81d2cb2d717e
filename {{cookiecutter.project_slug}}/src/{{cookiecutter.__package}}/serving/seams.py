"""Where options join the server: other versions that answer, and other protocols."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from fastapi import APIRouter

from .answers import Predicted
from .auth import Guard
from .batching import Request
from .predictor import Predictor
from .problems import ProblemError
from .store import Store

UNTOLD = "no model serves; with a key it is told why"


class Route(Protocol):
    """Decides for each request whether another version than the one that serves answers it."""

    problem: str | None
    """Why no request is claimed although somebody asked for it."""
    name: str
    """What the log calls this way of being answered."""

    def claims(self, request: Request) -> bool:
        """Whether a request is this route's."""

    async def answer(self, request: Request) -> tuple[Predictor, Predicted] | None:
        """The other version's answer; ``None`` if the one that serves is to answer."""

    def answered(self, request: Request) -> None:
        """Do what is to be done once the answer has left."""

    def refresh(self) -> None:
        """Follow the files that say what this route does; called now and then, in a thread."""

    def status(self) -> dict[str, Any] | None:
        """What the route does, in figures and as one ``text``; ``None`` where it does nothing."""

    def close(self) -> None:
        """End what runs beside the loop."""


class Readiness:
    """Whether callers should come: one answer, in whichever form it is asked for."""

    def __init__(self, store: Store, guard: Guard, routes: list[Route]) -> None:
        self._store = store
        self._guard = guard
        self._routes = routes
        self.ending = False
        """Whether the server was asked to end; it answers until then, and wants no new callers."""

    @property
    def ready(self) -> bool:
        """A verified model serves, and the server is not about to end."""
        return self._store.current is not None and not self.ending

    def problem_for(self, headers: dict[bytes, bytes]) -> str | None:
        """Why callers should not come, or why the newest version does not serve.

        Who has no key where one is needed hears little.
        """
        if self.ending:
            return "the server is about to end; ask another"
        if not self._guard.knows(headers):
            return None if self.ready else UNTOLD
        problems = [self._store.problem, *(route.problem for route in self._routes)]
        return next((problem for problem in problems if problem), None)

    def check(self, headers: dict[bytes, bytes]) -> None:
        """Pass if callers should come.

        Raises:
            ProblemError: they should not.
        """
        if not self.ready:
            raise ProblemError("not_ready", f"not ready: {self.problem_for(headers)}")


@dataclass(frozen=True, kw_only=True)
class Router:
    """Another protocol beside the project's own."""

    prefix: str
    """How each of its paths begins."""
    open_paths: frozenset[str]
    """Health checks, which need no key."""
    error_body: Callable[[ProblemError], bytes]
    """A refusal in the protocol's own shape."""
    make: Callable[[Any, Readiness], APIRouter]
    """The paths with their handlers, of ``Endpoints`` and readiness."""
