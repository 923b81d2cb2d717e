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
    *(
        f"docs/howto/{page.name}"
        for page in sorted((SOURCE / "docs" / "howto").glob("*.md"))
        if "\n```sh\n" in page.read_text("utf-8")
    ),
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
