"""A mirror gets what it lacks, whatever happened before."""

import shutil
from pathlib import Path

import pytest

from {{ cookiecutter.__package }}.models.versions import Versions
from {{ cookiecutter.__package }}.training.promote import promote, rollback
from {{ cookiecutter.__package }}.training.tracking import mirror, reconcile

from ..conftest import Made, Recorder, load_settings


def test_versions_and_aliases_are_sent_once(
    versions: Versions, make_version: Made, recorder: Recorder, tmp_path: Path
) -> None:
    for value in (0.1, 0.2):
        make_version(value)
    promote(versions, "1", "a good start")
    for _ in range(2):
        assert reconcile(recorder, versions, tmp_path)
    assert [run.version.number for run in recorder.runs] == [1, 2]
    bundles = [version.bundle for version in versions.all()]
    assert recorder.named == {"champion": bundles[0], "challenger": bundles[1]}
    promote(versions, "2")
    rollback(versions)
    assert reconcile(recorder, versions, tmp_path)
    assert recorder.named == {"champion": bundles[0]}
    assert len(recorder.runs) == 2


def test_a_tracker_that_is_down_stops_nothing_and_is_sent_it_all_later(
    versions: Versions,
    make_version: Made,
    recorder: Recorder,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    recorder.down = True
    for value in (0.1, 0.2):
        promote(versions, str(make_version(value).number))
        assert not reconcile(recorder, versions, tmp_path)
    shown = capsys.readouterr().out
    assert shown.count("warning   the recorder was not reached: nobody at postgresql://host") == 2
    assert "secret" not in shown
    assert "nothing is lost: the next train, promote or rollback" in shown
    recorder.down = False
    assert reconcile(recorder, versions, tmp_path)
    assert [run.version.number for run in recorder.runs] == [1, 2]
    assert recorder.named["champion"] == versions.get(2).bundle
    shutil.rmtree(versions.folder / make_version(0.3).bundle)
    assert not reconcile(recorder, versions, tmp_path)
    assert "metadata.json" in capsys.readouterr().out


def test_no_tracker_is_sent_nothing(tmp_path: Path, versions: Versions, make_version: Made) -> None:
    make_version()
    assert mirror(load_settings(tmp_path, tracker="none"), versions)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bundles", "configs"]
