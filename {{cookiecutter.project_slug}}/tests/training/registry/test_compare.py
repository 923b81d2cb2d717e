import shutil

import pytest

from {{ cookiecutter.__package }}.errors import BundleError
from {{ cookiecutter.__package }}.models.versions import Versions
from {{ cookiecutter.__package }}.training.registry.compare import (
    commit_of,
    show_comparison,
)

from ..conftest import Made


def metrics(value: float) -> dict[str, dict[str, dict[str, float | None]]]:
    return {"model": {"auc": {"value": value, "low": value - 0.1, "high": None}}}


def test_what_differs_is_shown_beside_the_metrics(
    versions: Versions, make_version: Made, capsys: pytest.CaptureFixture[str]
) -> None:
    one = make_version(settings={"epochs": 3, "seed": 1}, metrics=metrics(0.7))
    other = make_version(
        settings={"epochs": 9, "seed": 1}, metrics=metrics(0.8), dataset="newer", passed=False
    )
    show_comparison(versions, one, other)
    shown = capsys.readouterr().out
    rows = {line.split()[0]: line.split()[1:] for line in shown.splitlines() if line.strip()}
    assert rows["settings.epochs"] == ["3", "9"]
    assert rows["gate"] == ["passed", "refused"]
    assert rows["dataset"] == ["synthetic", "newer"]
    assert rows["AUC"] == ["0.7000", "[0.6000,", "–]", "0.8000", "[0.7000,", "–]"]
    assert "seed" not in shown
    assert "different test rows" in shown


def test_a_bundle_that_is_gone_is_told(versions: Versions, make_version: Made) -> None:
    one, other = make_version(0.1), make_version(0.2)
    shutil.rmtree(versions.folder / other.bundle)
    with pytest.raises(BundleError, match=r"version 2: .*metadata\.json' is absent or damaged"):
        show_comparison(versions, one, other)


def test_a_commit_says_whether_more_was_changed() -> None:
    assert commit_of({"git": {"commit": "a" * 40, "dirty": False}}) == "a" * 12
    assert commit_of({"git": {"commit": "a" * 40, "dirty": True}}).endswith("uncommitted changes")
    assert commit_of({"git": {"commit": None, "dirty": False}}) == commit_of({}) == "none"
