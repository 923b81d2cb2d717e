"""What is written is there whole or not at all."""

import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from {{ cookiecutter.__package }}.storage import (
    move,
    new_directory,
    new_file,
    read_pointer,
    write_file,
    write_pointer,
)

Writer = Callable[[Path], AbstractContextManager[Path]]


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def fail(writer: Writer, target: Path, failure: type[BaseException]) -> None:
    """Write half of what was meant to be written."""
    with writer(target) as staging:
        (staging / "half" if staging.is_dir() else staging).write_text("half")
        raise failure


def test_a_directory_appears_when_its_block_ends(tmp_path: Path) -> None:
    target = tmp_path / "deep" / "made"
    with new_directory(target) as staging:
        (staging / "inner").mkdir()
        (staging / "inner" / "file").write_text("whole")
        assert not target.exists()
    assert (target / "inner" / "file").read_text() == "whole"
    assert names(tmp_path / "deep") == ["made"]


def test_a_file_is_replaced_when_its_block_ends(tmp_path: Path) -> None:
    target = tmp_path / "file"
    target.write_text("old")
    with new_file(target) as staging:
        staging.write_text("new")
        assert target.read_text() == "old"
    assert target.read_text() == "new"
    assert names(tmp_path) == ["file"]


@pytest.mark.parametrize("failure", [RuntimeError, KeyboardInterrupt, SystemExit])
@pytest.mark.parametrize("writer", [new_directory, new_file])
def test_a_failure_inside_the_block_leaves_nothing(
    tmp_path: Path, writer: Writer, failure: type[BaseException]
) -> None:
    with pytest.raises(failure):
        fail(writer, tmp_path / "made", failure)
    assert names(tmp_path) == []


def test_a_failure_leaves_the_old_file(tmp_path: Path) -> None:
    target = tmp_path / "file"
    target.write_text("old")
    with pytest.raises(RuntimeError):
        fail(new_file, target, RuntimeError)
    assert target.read_text() == "old"
    assert names(tmp_path) == ["file"]


@pytest.mark.parametrize("writer", [new_directory, new_file])
def test_a_failing_disk_leaves_nothing(
    tmp_path: Path, writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"), writer(tmp_path / "made") as staging:
        (staging / "half" if staging.is_dir() else staging).write_text("half")
    assert names(tmp_path) == []


def test_of_two_who_make_a_directory_the_first_stays(tmp_path: Path) -> None:
    target = tmp_path / "made"
    with new_directory(target) as late:
        (late / "by").write_text("late")
        with new_directory(target) as early:
            (early / "by").write_text("early")
    assert (target / "by").read_text() == "early"
    assert names(tmp_path) == ["made"]


def test_a_file_in_the_way_of_a_directory_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "made").write_text("a file")
    with pytest.raises(OSError, match="made"), new_directory(tmp_path / "made"):
        pass
    assert names(tmp_path) == ["made"]
    assert (tmp_path / "made").read_text() == "a file"


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
def test_what_is_written_can_be_read_by_others(tmp_path: Path) -> None:
    with new_directory(tmp_path / "folder"):
        pass
    write_file(tmp_path / "file", b"")
    assert (tmp_path / "folder").stat().st_mode & 0o777 == 0o755
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o644


def test_a_pointer_names_what_it_was_last_set_to(tmp_path: Path) -> None:
    pointer = tmp_path / "new" / "current"
    assert read_pointer(pointer) is None
    pointer.parent.mkdir()
    pointer.write_text("\n")
    assert read_pointer(pointer) is None
    for name in ("first", "a rather longer second", "3"):
        write_pointer(pointer, name)
        assert read_pointer(pointer) == name
    assert names(pointer.parent) == ["current"]


def test_a_file_or_folder_is_moved_in_place_of_what_may_be_replaced(tmp_path: Path) -> None:
    (tmp_path / "made" / "deep").mkdir(parents=True)
    (tmp_path / "made" / "deep" / "file").write_text("new")
    move(tmp_path / "made", tmp_path / "folder")
    assert (tmp_path / "folder" / "deep" / "file").read_text() == "new"
    write_file(tmp_path / "target", b"old")
    move(tmp_path / "folder" / "deep" / "file", tmp_path / "target")
    assert (tmp_path / "target").read_text() == "new"
    assert names(tmp_path) == ["folder", "target"]


@pytest.mark.skipif(os.name == "nt", reason="there, no folder replaces another")
def test_a_folder_is_not_moved_in_place_of_one_that_holds_something(tmp_path: Path) -> None:
    for name in ("made", "folder"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text(name)
    with pytest.raises(OSError, match="not empty"):
        move(tmp_path / "made", tmp_path / "folder")
    assert (tmp_path / "folder" / "file").read_text() == "folder"
    assert (tmp_path / "made" / "file").read_text() == "made"
