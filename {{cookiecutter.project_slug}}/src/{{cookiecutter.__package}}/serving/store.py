"""The version that serves: follows the pointer, verifies before it swaps, keeps the old on failure."""

from pathlib import Path

from ..atomic import pointed
from ..compatibility import compare
from ..errors import BundleError, ConfigError, ProjectError
from ..models.bundle import open_bundle
from ..models.versions import Move, Versions
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
        self.problem: str | None = "no model has been promoted yet; train one with: make train"
        self.failures = 0

    def refresh(self) -> bool:
        """Load what the pointer names if that changed; say whether the predictor was swapped."""
        try:
            folder = self._folder()
            name = pointed(folder / "served") if folder else None
            if folder is None or name is None:
                if folder is not None and folder.is_dir():
                    self.problem = Versions(folder.parent, folder.name).unserved()
                return False
            if name == self._seen:
                self.problem = None
                return False
            versions = Versions(folder.parent, folder.name)
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
        bundle = open_bundle(versions.folder / version.bundle)
        before = self.current
        changes = compare(before.bundle.contract, bundle.contract) if before else []
        if before and any(change.breaking for change in changes):
            raise BundleError(
                f"version {version.number} has another contract than version {before.version}, which"
                " callers know; restart the server to serve it"
            )
        return make_predictor(bundle, version.number, self._max_rows)

    def _folder(self) -> Path | None:
        if self._model is not None:
            return self._bundles / self._model
        found = sorted(path.parent for path in self._bundles.glob("*/served"))
        if len(found) > 1:
            names = ", ".join(path.name for path in found)
            raise ConfigError(f"'{self._bundles}' serves several models: {names}; set serve.model")
        return found[0] if found else None
