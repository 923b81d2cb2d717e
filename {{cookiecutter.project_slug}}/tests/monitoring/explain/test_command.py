from pathlib import Path

import pytest

from {{ cookiecutter.__package }}.contract import Contract

from ...conftest import Command
from ..conftest import make_place, weeks_of, write_log


def test_a_logged_row_is_explained_as_it_is_typed(
    tmp_path: Path,
    shop: Contract,
    command: Command,
    capsys: pytest.CaptureFixture[str],
) -> None:
    place = make_place(tmp_path, shop)
    configs = ("--configs", str(place.path / "configs"))
    write_log(place, weeks_of(shop).slice(0, 20))
    assert command("explain", "r-3", *configs) == 0
    shown = capsys.readouterr().out
    assert "row       0 of request r-3" in shown
    assert "stages agree with what was logged" in shown
    assert command("explain", "r-99", *configs) == 3
    assert "the request id 'r-99'" in capsys.readouterr().err
    assert command("explain", "r-3", "--row", "4", *configs) == 3
