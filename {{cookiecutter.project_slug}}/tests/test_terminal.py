"""What a person sees."""

import pytest

from {{ cookiecutter.__package }} import terminal


def test_cells_are_shown_as_a_person_reads_them(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [["a [b]", 1234567, 0.5, True, None], ["c", -2, 0.123456, False, "x"]]
    terminal.table("Title", ["name", "rows", "share", "good", "note"], rows)
    shown = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["a", "[b]", "1,234,567", "0.5000", "yes", "–"] in shown
    assert ["c", "-2", "0.1235", "no", "x"] in shown


def test_numbers_stand_to_the_right(capsys: pytest.CaptureFixture[str]) -> None:
    terminal.table("", ["what", "rows"], [["long name", 7], ["b", 12345]])
    lines = capsys.readouterr().out.splitlines()
    (seven,) = [line.rstrip() for line in lines if line.rstrip().endswith(" 7")]
    (more,) = [line.rstrip() for line in lines if line.rstrip().endswith("12,345")]
    assert len(seven) == len(more)


def test_an_empty_table_shows_its_header(capsys: pytest.CaptureFixture[str]) -> None:
    terminal.table("Title", ["name", "rows"], [])
    assert {"Title", "name", "rows"} <= set(capsys.readouterr().out.split())


def test_a_line_is_printed_as_it_stands(capsys: pytest.CaptureFixture[str]) -> None:
    line = "[bold]not markup[/bold] :smile: " + "long " * 60
    terminal.say(line)
    assert capsys.readouterr().out == f"{line}\n"


def test_a_bar_ends_where_its_steps_end(capsys: pytest.CaptureFixture[str]) -> None:
    with terminal.progress("work", 4) as bar:
        for note in ("one", "", "", "[last]"):
            bar(note=note)
    shown = capsys.readouterr().out
    assert "100%" in shown
    assert "[last]" in shown
