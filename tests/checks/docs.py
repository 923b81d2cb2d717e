"""Commands of the project's pages that no test runs."""

from __future__ import annotations

from collections.abc import Iterator

from pages import commands, steps
from rendering import SOURCE, BakedProject

from .texts import markdown

# Pages that test_pages.py follows, command by command: each how-to in which there is one.
RUN = (
    "docs/tutorial.md",
    "docs/runbook.md",
    "docs/howto/add-a-feature.md",
    "docs/howto/add-a-kind-of-model.md",
    "docs/howto/add-a-metric.md",
    "docs/howto/add-a-sink.md",
    "docs/howto/add-a-source.md",
    "docs/howto/add-an-alert.md",
    "docs/howto/client.md",
    "docs/howto/explain.md",
    "docs/howto/log_retention.md",
    "docs/howto/monitoring_page.md",
    "docs/howto/onnx_import.md",
    "docs/howto/prometheus.md",
    "docs/howto/quality_estimate.md",
    "docs/howto/report.md",
    "docs/howto/retrain.md",
    "docs/howto/roll-back.md",
    "docs/howto/rotate-keys.md",
    "docs/howto/scale-out.md",
    "docs/howto/score-many-rows.md",
    "docs/howto/tabm.md",
    "docs/howto/test-behaviour.md",
    "docs/howto/tuning.md",
    "docs/howto/two-versions.md",
)
# Pages whose commands another test runs.
ELSEWHERE = {"docs/own.md"}


def commands_are_run(project: BakedProject) -> Iterator[str]:
    """Yield commands of pages that no test follows, or that stand in a block none reads."""
    for path, text in markdown(project):
        if path.startswith("docs/") and path not in ELSEWHERE:
            read = set(typed(text)) if path in RUN else set()
            for line, command in commands(text):
                if (line, command) not in read:
                    yield f"{path}:{line}: no test runs: {command}"


def typed(text: str) -> Iterator[tuple[int, str]]:
    """Yield the commands that following a page types, with their lines."""
    for step in steps(text):
        if step.kind == "type":
            yield from enumerate(step.text.splitlines(), step.line)
