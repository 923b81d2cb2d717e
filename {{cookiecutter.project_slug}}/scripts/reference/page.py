"""What a page of the reference is, and how it is written."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One thing that has a name."""

    name: str
    meaning: str
    more: tuple[str, ...] = ()
    """What stands between the two, in the table's order."""


@dataclass(frozen=True, kw_only=True)
class Table:
    """Things of one kind."""

    title: str
    intro: str
    header: tuple[str, ...] = ()
    entries: tuple[Entry, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Page:
    """A page of the reference."""

    title: str
    intro: str
    tables: tuple[Table, ...]


def undescribed(made: Iterable[Page]) -> list[str]:
    """The names of tables and entries that say nothing of themselves."""
    found = [
        f"{page.title}: {place}"
        for page in made
        for table in page.tables
        for place, said in [
            (table.title, table.intro),
            *((f"{table.title}, {entry.name}", entry.meaning) for entry in table.entries),
        ]
        if not said.strip()
    ]
    return sorted(found)


def markdown(page: Page) -> str:
    """A page as it is written."""
    parts = [f"# {page.title}", page.intro]
    for table in page.tables:
        parts += [f"## {table.title}", table.intro]
        if table.entries:
            ruled = [_row(table.header), _row("---" for _ in table.header)]
            rows = [_row((f"`{e.name}`", *e.more, e.meaning)) for e in table.entries]
            parts.append("\n".join([*ruled, *rows]))
    return "\n\n".join(parts) + "\n"


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') or ' ' for cell in cells)} |"
