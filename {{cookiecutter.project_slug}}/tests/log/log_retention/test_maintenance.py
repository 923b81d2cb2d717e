"""Who writes to a segment, and what is written to it while it is closed."""

import os
from pathlib import Path

import pytest

from {{ cookiecutter.__package }}.log.log_retention.maintenance import (
    close_segment,
    is_closed,
    is_free,
)
from {{ cookiecutter.__package }}.log.segments import (
    PREDICTIONS,
    is_at,
    listed,
    open_segment,
)

from ..logged import DAY

pytestmark = pytest.mark.skipif(os.name == "nt", reason="an open file is not renamed on Windows")


def test_a_segment_has_a_writer_until_that_closes_it(tmp_path: Path) -> None:
    descriptor, path = open_segment(tmp_path, PREDICTIONS, DAY)
    assert not is_free(path)
    os.close(descriptor)
    assert is_free(path)


def test_two_processes_of_one_number_write_to_one_segment(tmp_path: Path) -> None:
    """As those of two containers on one folder."""
    (one, path), (other, same) = (open_segment(tmp_path, PREDICTIONS, DAY) for _ in range(2))
    assert path == same
    os.close(one)
    assert not is_free(path)
    os.close(other)
    assert is_free(path)


def test_what_is_written_to_a_segment_while_it_is_closed_is_in_it(tmp_path: Path) -> None:
    descriptor, path = open_segment(tmp_path, PREDICTIONS, DAY)
    close_segment(path)
    (closed,) = listed(tmp_path, PREDICTIONS)
    assert is_closed(closed)
    assert not is_at(descriptor, path)
    assert not is_free(closed.path)
    os.write(descriptor, b"late\n")
    os.close(descriptor)
    assert is_free(closed.path)
    assert closed.path.read_bytes() == b"late\n"
    again, _ = open_segment(tmp_path, PREDICTIONS, DAY)
    assert [is_closed(segment) for segment in listed(tmp_path, PREDICTIONS)] == [True, False]
    os.close(again)
