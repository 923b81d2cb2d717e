"""The version that serves: follows the pointer, verifies before it swaps, keeps the old on failure."""

import time
from pathlib import Path

from ..contract import Contract
from ..errors import BundleError, ConfigError
from ..models.bundle import open_bundle
from ..models.versions import Move, Versions
from ..storage import read_pointer
from .predictor import Predictor, make_predictor
from .schemas import is_optional

RETRY_S = 60.0
"""When a pointer is tried again that could not be followed."""


class Store:
    """Holds the predictor of the served version, or the reason why there is none."""

    def __init__(self, bundles: Path, model: str | None, max_rows: int) -> None:
        self._bundles, self._model, self._max_rows = bundles, model, max_rows
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

    def versions(self) -> Versions | None:
        """The versions of the model that serves, or is to; ``None`` before the first promotion."""
        if self._model is not None:
            return Versions(self._bundles, self._model)
        names = sorted(path.parent.name for path in self._bundles.glob("*/served"))
        if len(names) > 1:
            several = f"'{self._bundles}' serves several models: {', '.join(names)}"
            raise ConfigError(f"{several}; set serve.model")
        return Versions(self._bundles, names[0]) if names else None

    def _follow(self) -> None:
        versions, now = self.versions(), time.monotonic()
        pointer = read_pointer(versions.folder / "served") if versions else None
        if versions is None or not versions.folder.is_dir():
            self.problem = "no model has been promoted yet; train one with: make train"
        elif pointer is None:
            self.problem = versions.unserved()
        elif pointer == self._loaded:
            self.problem = None
        elif pointer != self._tried[0] or now >= self._tried[1] + RETRY_S:
            self._tried = pointer, now
            self.current, self.promotion = self._load(versions), versions.move()
            self._loaded, self.problem = pointer, None

    def _load(self, versions: Versions) -> Predictor:
        version = versions.served()
        if version is None:
            raise BundleError("the served pointer is empty")
        bundle = open_bundle(versions.folder / version.bundle)
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
