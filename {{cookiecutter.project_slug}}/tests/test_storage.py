"""What is written is there whole or not at all."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from {{ cookiecutter.__package }}.storage import (
    move,
    new_directory,
    new_file,
    write_file,
)

Writer = Callable[[Path], AbstractContextManager[Path]]


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def write_half(writer: Writer, target: Path, failure: BaseException) -> None:
    with writer(target) as staging:
        (staging / "half" if staging.is_dir() else staging).write_text("half")
        raise failure


def test_a_directory_or_file_appears_when_its_block_ends(tmp_path: Path) -> None:
    made = tmp_path / "deep" / "made"
    with new_directory(made) as staging:
        (staging / "file").write_text("whole")
        assert not made.exists()
    with new_file(made / "file") as staging:
        staging.write_text("new")
        assert (made / "file").read_text() == "whole"
    assert (made / "file").read_text() == "new"
    assert (names(made.parent), names(made)) == (["made"], ["file"])
    modes = [path.stat().st_mode & 0o777 for path in (made, made / "file")]
    assert modes == [0o755, 0o644]


@pytest.mark.parametrize("failure", [KeyboardInterrupt(), OSError(28, "No space left")], ids=repr)
@pytest.mark.parametrize("writer", [new_directory, new_file])
def test_a_failure_inside_the_block_leaves_what_was_there(
    tmp_path: Path, writer: Writer, failure: BaseException
) -> None:
    for content in (None, "old"):
        if content:
            (tmp_path / "made").write_text(content)
        with pytest.raises(type(failure)):
            write_half(writer, tmp_path / "made", failure)
        assert names(tmp_path) == ["made"] * bool(content)
    assert (tmp_path / "made").read_text() == "old"


def test_of_two_who_make_a_directory_the_first_stays(tmp_path: Path) -> None:
    with new_directory(tmp_path / "made") as late:
        (late / "by").write_text("late")
        write_file(tmp_path / "made" / "by", b"early")
    assert (tmp_path / "made" / "by").read_text() == "early"
    assert names(tmp_path) == ["made"]


def test_a_directory_replaces_no_file_and_none_that_holds_something(tmp_path: Path) -> None:
    write_file(tmp_path / "file", b"a file")
    with pytest.raises(OSError, match="file"), new_directory(tmp_path / "file"):
        pass
    for name in ("made", "folder"):
        write_file(tmp_path / name / "inner", name.encode())
    with pytest.raises(OSError, match="not empty"):
        move(tmp_path / "made", tmp_path / "folder")
    assert (tmp_path / "folder" / "inner").read_text() == "folder"
    move(tmp_path / "made" / "inner", tmp_path / "file")
    assert (tmp_path / "file").read_text() == "made"
    assert names(tmp_path) == ["file", "folder", "made"]
