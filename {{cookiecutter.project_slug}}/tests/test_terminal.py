"""What a person sees."""

import pytest
from rich.console import Console

from {{ cookiecutter.__package }} import terminal


def test_cells_are_shown_as_a_person_reads_them(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [["a [b]", 1234567, 0.5, True, None], ["c\x1b[2J", -2, 0.123456, False, "x"]]
    terminal.table("Title", ["name", "rows", "share", "good", "note"], rows)
    shown = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["a", "[b]", "1,234,567", "0.5000", "yes", "–"] in shown
    assert ["c\\x1b[2J", "-2", "0.1235", "no", "x"] in shown


def test_a_line_is_printed_as_it_stands_and_a_bar_on_a_terminal_alone(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    line = "[bold]not markup[/bold] :smile: " + "long " * 60
    terminal.say(line)
    for console, shown in ((terminal.console, False), (Console(force_terminal=True), True)):
        monkeypatch.setattr(terminal, "console", console)
        with terminal.progress("work", 2) as bar:
            bar(2, note="[last]")
        output = capsys.readouterr().out.removeprefix(f"{line}\n")
        assert [word in output for word in ("100%", "[last]")] == [shown, shown]
        assert shown or not output
