"""What a person sees."""

import pytest

from {{ cookiecutter.__package }} import terminal


def test_cells_are_shown_as_a_person_reads_them(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [["a [b]", 1234567, 0.5, True, None], ["c\x1b[2J", -2, 0.123456, False, "x"]]
    terminal.table("Title", ["name", "rows", "share", "good", "note"], rows)
    shown = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["a", "[b]", "1,234,567", "0.5000", "yes", "–"] in shown
    assert ["c\\x1b[2J", "-2", "0.1235", "no", "x"] in shown


def test_a_line_and_a_bar_are_printed_as_they_stand(capsys: pytest.CaptureFixture[str]) -> None:
    line = "[bold]not markup[/bold] :smile: " + "long " * 60
    terminal.say(line)
    assert capsys.readouterr().out == f"{line}\n"
    with terminal.progress("work", 2) as bar:
        bar()
        bar(note="[last]")
    shown = capsys.readouterr().out
    assert "100%" in shown
    assert "[last]" in shown
