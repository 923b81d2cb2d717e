"""What has to hold of every rendered project, whatever the answers were.

A check takes a rendered folder and yields complaints, each as ``path:line: what is wrong``. None
runs the project: those that do are in test_generated_project.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

from rendering import BakedProject

from . import choices, code, docs, images, options, pipelines, texts

Check = Callable[[BakedProject], Iterator[str]]

CHECKS: tuple[Check, ...] = (
    texts.parses,
    texts.no_leftovers,
    texts.links,
    texts.headings_stand_apart,
    docs.commands_are_run,
    choices.ownership,
    choices.licence,
    choices.python_version,
    code.imports,
    code.pins,
    code.scripts,
    code.variables,
    code.metrics,
    options.joints,
    options.imports_of_options,
    options.mentions,
    pipelines.pinned,
    pipelines.targets,
    pipelines.schemas,
    pipelines.actionlint,
    pipelines.zizmor,
    images.dockerfile,
    images.nobody,
    images.compose,
    images.kubernetes,
)


@dataclass(frozen=True)
class Snapshot(BakedProject):
    """A rendered project whose files are read once, however many checks ask for them."""

    @cached_property
    def _read(self) -> dict[str, bytes]:
        return super().files()

    def files(self) -> dict[str, bytes]:
        """Return every file by its path, as it was at the first call."""
        return self._read


def complaints(project: BakedProject) -> list[str]:
    """Return what every check has to say."""
    snapshot = Snapshot(project.path, project.answers)
    return [complaint for check in CHECKS for complaint in check(snapshot)]
