"""Whether callers should come: one answer, in whichever form it is asked for."""

from .access.guard import Guard
from .http.problems import ProblemError
from .routing import Routes
from .store import Store

UNTOLD = "no model serves; with a key it is told why"


class Readiness:
    """A verified model serves, and the server is not about to end."""

    def __init__(self, store: Store, guard: Guard, routes: Routes) -> None:
        self._store = store
        self._guard = guard
        self._routes = routes
        self.ending = False
        """Whether the server was asked to end; it answers until then, and wants no new callers."""

    @property
    def ready(self) -> bool:
        """Whether callers should come."""
        return self._store.current is not None and not self.ending

    @property
    def problem(self) -> str | None:
        """Why they should not, why the newest version does not serve, or what a route fails in."""
        if self.ending:
            return "the server is about to end; ask another"
        return self._store.problem or self._routes.problem

    def problem_for(self, authorization: str | None) -> str | None:
        """The problem as far as one who asks may know it: probes need no key, and hear little."""
        if self.ending or self._guard.knows(authorization):
            return self.problem
        return None if self.ready else UNTOLD

    def check(self, authorization: str | None) -> None:
        """Pass if callers should come.

        Raises:
            ProblemError: they should not.
        """
        if not self.ready:
            message = f"not ready: {self.problem_for(authorization)}"
            raise ProblemError(503, "not_ready", message)
