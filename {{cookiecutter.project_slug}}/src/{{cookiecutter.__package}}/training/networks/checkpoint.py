"""What a training that was interrupted goes on from."""

import hashlib
import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import safetensors.torch
from torch import Tensor

from ...terminal import say

KEPT = 2


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """A training at the end of an epoch."""

    epoch: int
    tensors: Mapping[str, Tensor]
    facts: Mapping[str, Any]
    """What is no tensor, as JSON has it."""


class Checkpoints(Protocol):
    """Where snapshots are kept."""

    def latest(self) -> Snapshot | None:
        """The newest whole one."""

    def save(self, snapshot: Snapshot) -> None:
        """Keep one more."""

    def clear(self) -> None:
        """Forget all: the training has come to its end."""


class NoCheckpoints:
    """Keeps none."""

    def latest(self) -> None:
        """There is none."""

    def save(self, snapshot: Snapshot) -> None:
        """Drop it."""

    def clear(self) -> None:
        """There is nothing to forget."""


class FolderCheckpoints:
    """The last two snapshots in a folder that belongs to one training alone.

    Each is one safetensors file that appears in one step, named by its hash. It is not waited for
    until the disk has it: one that a loss of power damages is told, and the one before it taken.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def latest(self) -> Snapshot | None:
        """The newest whole one; damaged ones are said and deleted."""
        for path in reversed(self._files()):
            content = path.read_bytes()
            if path.stem.partition("-")[2] == _digest(content):
                snapshot = _read(int(path.stem.partition("-")[0]), content)
                say(f"resume    after epoch {snapshot.epoch}, from {path}")
                return snapshot
            say(f"damaged   {path}; the checkpoint before it is used, if there is one")
            path.unlink(missing_ok=True)
        return None

    def save(self, snapshot: Snapshot) -> None:
        """Write it beside the one before, and delete those that are older."""
        tensors = {name: tensor.cpu().contiguous() for name, tensor in snapshot.tensors.items()}
        content = safetensors.torch.save(tensors, {"facts": json.dumps(snapshot.facts)})
        name = f"{snapshot.epoch:05}-{_digest(content)}.safetensors"
        self.folder.mkdir(parents=True, exist_ok=True)
        staging = self.folder / "unfinished"
        staging.write_bytes(content)
        staging.replace(self.folder / name)
        for path in self._files()[:-KEPT]:
            path.unlink(missing_ok=True)

    def clear(self) -> None:
        """Delete the folder."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _files(self) -> list[Path]:
        return sorted(self.folder.glob("[0-9]*-*.safetensors"))


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:32]


def _read(epoch: int, content: bytes) -> Snapshot:
    header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
    return Snapshot(
        epoch=epoch,
        tensors=safetensors.torch.load(content),
        facts=json.loads(header["__metadata__"]["facts"]),
    )
