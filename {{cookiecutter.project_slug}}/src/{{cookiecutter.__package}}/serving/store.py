"""The version that serves: follows the pointer, verifies before it swaps, keeps the old on failure."""

import time

from ..contract import Contract
from ..errors import BundleError
from ..models.bundle import open_bundle
from ..models.versions import Move, Versions
from ..storage import read_pointer
from .predictor import Predictor, make_predictor
from .schemas import is_optional

RETRY_S = 60.0
"""When a pointer is tried again that could not be followed."""


class Store:
    """Holds the predictor of the served version, or the reason why there is none."""

    def __init__(self, versions: Versions, max_rows: int) -> None:
        self.versions = versions
        self._max_rows = max_rows
        self._loaded: str | None = None
        self._tried: tuple[str | None, float] = None, 0.0
        self.current: Predictor | None = None
        self.promotion: Move | None = None
        self.problem: str | None = None

    def refresh(self) -> None:
        """Load what the pointer names if that changed.

        Raises whatever a bundle, a disk or a library does; that is ``problem``, and the old stays.
        """
        try:
            self._follow()
        except BaseException as error:  # a panic in Rust is no Exception
            self.problem = (str(error) or type(error).__name__)[:500]
            raise

    def _follow(self) -> None:
        pointer, now = read_pointer(self.versions.folder / "served"), time.monotonic()
        if pointer is None:
            self.problem = self.versions.unserved()
        elif pointer == self._loaded:
            self.problem = None
        elif pointer != self._tried[0] or now >= self._tried[1] + RETRY_S:
            self._tried = pointer, now
            self.current, self.promotion = self._load(), self.versions.move()
            self._loaded, self.problem = pointer, None

    def _load(self) -> Predictor:
        version = self.versions.served()
        if version is None:
            raise BundleError("the served pointer is empty")
        bundle = open_bundle(self.versions.folder / version.bundle)
        if self.current and not accepts_requests_of(bundle.contract, self.current.bundle.contract):
            raise BundleError(
                f"version {version.number} does not take the requests of version"
                f" {self.current.version}, which callers send; restart the server to serve it"
            )
        return make_predictor(bundle, version.number, self._max_rows)


def accepts_requests_of(new: Contract, old: Contract) -> bool:
    """Whether a new contract takes the columns that callers send by an old one, of the same types."""
    if (new.task, new.target) != (old.task, old.target):
        return False
    for name in old.request:
        if name not in new.request or new.columns[name].type != old.columns[name].type:
            return False
    always_sent = {name for name in old.request if not is_optional(old, name)}
    return all(name in always_sent or is_optional(new, name) for name in new.request)
