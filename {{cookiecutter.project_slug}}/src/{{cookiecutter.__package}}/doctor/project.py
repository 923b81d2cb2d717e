"""What checks are given."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ..config import Config
from ..contract import Contract
from ..models.versions import Versions


@dataclass(frozen=True, kw_only=True)
class Project:
    """A project whose settings are valid."""

    root: Path
    configs: Path
    config: Config
    contract: Contract

    @property
    def versions(self) -> Versions:
        """The versions that a server here would choose from."""
        return Versions(self.config.serve.bundles, self.config.serve.model or self.contract.name)

    def folders(self) -> Iterator[tuple[str, Path]]:
        """Each setting that names a folder to write into."""
        config = self.config
        yield "data.directory", config.data.directory
        yield "train.bundles", config.train.bundles
        if config.train.checkpoints is not None:
            yield "train.checkpoints", config.train.checkpoints
        yield "serve.log", config.serve.log
        yield "monitor.reports", config.monitor.reports
        yield "monitor.history", config.monitor.history.parent


def existing(path: Path) -> Path:
    """The nearest that there is: itself, or what it would be made in."""
    path = path.absolute()
    return next(each for each in (path, *path.parents) if each.exists())
