"""The version that serves: follows the pointer, verifies before it swaps, keeps the old on failure."""

from datetime import datetime
from pathlib import Path

from ..errors import BundleError, ConfigError, ProjectError
from ..models.bundle import open_bundle
from ..models.versions import Move, Versions
from ..storage import read_pointer
from .predictor import Predictor, make_predictor


class Store:
    """Holds the predictor of the served version, or the reason why there is none."""

    def __init__(self, bundles: Path, model: str | None, max_rows: int) -> None:
        self._bundles = bundles
        self._model = model
        self._max_rows = max_rows
        self._seen: str | None = None
        self.current: Predictor | None = None
        self.promotion: Move | None = None
        self.registered_s = 0.0
        """When the version was registered that serves, in seconds since 1970."""
        self.problem: str | None = "no model has been promoted yet; train one with: make train"
        self.failures = 0

    def refresh(self) -> bool:
        """Load what the pointer names if that changed; say whether the predictor was swapped."""
        try:
            versions = self.versions()
            name = read_pointer(versions.folder / "served") if versions else None
            if versions is None or name is None:
                if versions is not None and versions.folder.is_dir():
                    self.problem = versions.unserved()
                return False
            if name == self._seen:
                self.problem = None
                return False
            self.current, self.promotion = self._load(versions), versions.move()
        except (ProjectError, OSError, ValueError, KeyError, TypeError) as error:
            if str(error) != self.problem:  # the same again is the same failure, tried once more
                self.failures += 1
            self.problem = str(error)
            return False
        self._seen, self.problem = name, None
        return True

    def _load(self, versions: Versions) -> Predictor:
        version = versions.served()
        if version is None:
            raise BundleError("the served pointer is empty")
        registered_s = datetime.fromisoformat(version.created).timestamp()
        bundle = open_bundle(versions.folder / version.bundle)
        before = self.current
        if before and not bundle.contract.same_row(before.bundle.contract):
            raise BundleError(
                f"version {version.number} has another contract than version {before.version}, which"
                " callers know; restart the server to serve it"
            )
        predictor = make_predictor(bundle, version.number, self._max_rows)
        self.registered_s = registered_s
        return predictor

    def versions(self) -> Versions | None:
        """The versions of the model that serves, or is to; ``None`` before the first promotion.

        Raises:
            ConfigError: there are several models.
        """
        if self._model is not None:
            return Versions(self._bundles, self._model)
        found = sorted(path.parent for path in self._bundles.glob("*/served"))
        if len(found) > 1:
            names = ", ".join(path.name for path in found)
            raise ConfigError(f"'{self._bundles}' serves several models: {names}; set serve.model")
        return Versions(self._bundles, found[0].name) if found else None
