"""Which version answers a request: the one that serves, unless a route that was added claims it."""

from collections.abc import Sequence
from typing import Any, Protocol

from .predictor import Outputs, Predictor


class Claim(Protocol):
    """A request that another version than the one that serves answers, or is asked besides."""

    @property
    def predictor(self) -> Predictor:
        """The other version."""

    @property
    def route(self) -> str:
        """What the log calls the way by which it is answered."""

    async def answer(self) -> Outputs | None:
        """The other version's outputs; ``None`` if the one that serves is to answer."""

    def left(self) -> None:
        """Do what is to be done once the answer has left."""


class Route(Protocol):
    """Decides for each request whether another version answers it."""

    problem: str | None
    """Why no request is claimed although somebody asked for it."""

    def claim(self, request_id: str, path: str, given: dict[str, Any]) -> Claim | None:
        """A request, if it is this route's; ``given`` has its ``rows`` or ``columns``, validated."""

    def refresh(self) -> None:
        """Follow the files that say what this route does; called now and then, in a thread."""

    def status(self) -> dict[str, Any] | None:
        """What the route does, in figures and as one ``text``; ``None`` where it does nothing."""

    def close(self) -> None:
        """End what runs beside the loop."""


class Routes:
    """Every route that was added, the first of which to claim a request has it; without any, the
    version that serves answers all."""

    def __init__(self, routes: Sequence[Route] = ()) -> None:
        self._routes = tuple(routes)

    @property
    def problem(self) -> str | None:
        """The first problem of a route."""
        return next((route.problem for route in self._routes if route.problem), None)

    def claim(self, request_id: str, path: str, given: dict[str, Any]) -> Claim | None:
        """A request that a route claims; ``None`` if the version that serves has it."""
        for route in self._routes:
            claim = route.claim(request_id, path, given)
            if claim is not None:
                return claim
        return None

    def refresh(self) -> None:
        """Let each route follow its files."""
        for route in self._routes:
            route.refresh()

    def status(self) -> list[dict[str, Any]]:
        """What each route does that does something."""
        return [status for route in self._routes if (status := route.status()) is not None]

    def close(self) -> None:
        """End what routes run beside the loop."""
        for route in self._routes:
            route.close()
