"""Whether callers should come: one answer, in whichever form it is asked for."""

from .problems import ProblemError
from .store import Store


class Readiness:
    """A verified model serves, and the server is not about to end."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.ending = False
        """Whether the server was asked to end; it answers until then, and wants no new callers."""

    @property
    def ready(self) -> bool:
        """Whether callers should come."""
        return self._store.current is not None and not self.ending

    @property
    def problem(self) -> str | None:
        """Why they should not, or why the newest version is not the one that serves."""
        return "the server is about to end; ask another" if self.ending else self._store.problem

    def check(self) -> None:
        """Pass if callers should come.

        Raises:
            ProblemError: they should not.
        """
        if not self.ready:
            raise ProblemError(503, "not_ready", f"not ready: {self.problem}")
