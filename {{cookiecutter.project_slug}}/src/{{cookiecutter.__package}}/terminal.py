"""What a person sees in the terminal: progress, tables and the last line."""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager

from rich import box
from rich.console import Console
from rich.progress import Progress, TextColumn
from rich.table import Table

console = Console(highlight=False, markup=False, emoji=False, soft_wrap=True)
if not console.is_terminal:
    console.width = 120
Bar = Callable[..., None]
"""Moves a progress bar on by so many steps, with an optional ``note`` at its end."""


@contextmanager
def progress(title: str, total: float | None) -> Iterator[Bar]:
    """Show a bar with count and time left, on a terminal alone, until the block ends.

    ``total`` of ``None`` means unknown.
    """
    columns = (*Progress.get_default_columns(), TextColumn("{task.fields[note]}", markup=False))
    hidden = not console.is_terminal
    with Progress(*columns, console=console, transient=True, disable=hidden) as bars:
        task = bars.add_task(f"{title:<10}", total=total, note="")

        def advance(steps: float = 1, note: str = "") -> None:
            if note:
                bars.update(task, note=note)
            bars.advance(task, steps)

        yield advance


def print_json(chosen: bool) -> None:
    """Print tables as lines of JSON from here on, and all else to standard error."""
    console.stderr = chosen


def table(title: str, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table; every cell is shown as text, numbers to the right.

    As JSON it is an object ``{"title": …, "rows": [{…}]}`` on a line of its own.
    """
    if console.stderr:
        keys = [name or "name" for name in header]
        objects = [dict(zip(keys, row, strict=True)) for row in rows]
        print(json.dumps({"title": title, "rows": objects}, default=str, ensure_ascii=False))
        return
    texts = [[_text(cell) for cell in row] for row in rows]
    drawn = Table(
        title=printable(title), title_justify="left", title_style="bold", box=box.SIMPLE_HEAD
    )
    for index, name in enumerate(header):
        numbers = bool(texts) and all(row[index].lstrip("-+±")[:1].isdigit() for row in texts)
        drawn.add_column(name, justify="right" if numbers else "left", overflow="fold")
    for row in texts:
        drawn.add_row(*row)
    console.print(drawn, soft_wrap=False)


def say(message: str) -> None:
    """Print one line as it stands."""
    console.print(printable(message))


def printable(text: str) -> str:
    """A text without characters that move a terminal's cursor or change its colours."""
    return "".join(one if one.isprintable() or one == "\n" else repr(one)[1:-1] for one in text)


def _text(cell: object) -> str:
    match cell:
        case None:
            return "–"
        case bool():
            return "yes" if cell else "no"
        case float():
            return f"{cell:.4f}"
        case int():
            return f"{cell:,}"
    return printable(str(cell))
