"""The best settings as a file that ``train --with`` takes."""

import hashlib
from pathlib import Path

import yaml

from ...config import TrainConfig
from ...errors import ConfigError
from ...models.metrics import METRICS
from ...storage import write_file
from .settings import OWN
from .space import of_kind
from .trial import StudyRecord, Trial

SEAL = "# as written: "
"""Begins the last line, which tells whether a person has changed those above."""


def write(target: Path, settings: TrainConfig, record: StudyRecord, best: Trial) -> None:
    """Replace ``target`` in one step; a comment says where the settings are from."""
    drawn = dict(best.drawn)
    model = dict(of_kind(settings, record.kind).model.model_dump(mode="json"))
    model |= {
        name.removeprefix(OWN): drawn.pop(name) for name in best.drawn if name[: len(OWN)] == OWN
    }
    content = yaml.safe_dump(
        {"train": drawn | {"model": model}}, sort_keys=False, allow_unicode=True
    )
    title = METRICS[record.metric].title
    head = (
        f"# The settings of trial {best.number}, the best of {len(record.trials)} of the study"
        f" {record.name},\n# on dataset {record.dataset}: validation {title} {best.score:.4f}."
        f" To train with them: make train WITH={target.as_posix()}\n"
    )
    text = head + content
    write_file(target, f"{text}{SEAL}{_digest(text)}\n".encode())


def refuse_to_overwrite(target: Path, *, force: bool) -> None:
    """What a person has changed or written stays, unless forced.

    Raises:
        ConfigError: it would be overwritten.
    """
    if force or not target.exists():
        return
    text, _, seal = target.read_text(encoding="utf-8").rpartition(SEAL)
    if seal.strip() != _digest(text):
        raise ConfigError(
            f"'{target}' was changed by hand since tune wrote it, or is not tune's; move it"
            " elsewhere, or overwrite it with --force"
        )


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
