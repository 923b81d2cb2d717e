"""Settings of options: a file of their own, held to a section that core does not know."""

from pathlib import Path

import pytest

from {{ cookiecutter.__package }}.config import Section, load
from {{ cookiecutter.__package }}.errors import ConfigError

from .test_config import DATA, PREFIX


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The least configuration that is complete."""
    (tmp_path / "data.yaml").write_text(DATA)
    return tmp_path


class Own(Section):
    """Settings of an option."""

    trials: int = 40


def test_an_option_has_settings_of_its_own(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "search.yaml").write_text("trials: 5\n")
    assert load(folder).settings("search", Own).trials == 5
    assert load(folder).settings("absent", Own).trials == 40
    assert load(folder, ["search.trials=7"]).settings("search", Own).trials == 7
    monkeypatch.setenv(f"{PREFIX}SEARCH__TRIALS", "6")
    assert load(folder).settings("search", Own).trials == 6
    with pytest.raises(ConfigError, match=r"search.trial: .* did you mean 'search.trials'\?"):
        load(folder, ["search.trial=7"]).settings("search", Own)
