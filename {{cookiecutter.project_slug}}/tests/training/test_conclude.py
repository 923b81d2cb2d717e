"""How a training ends: recorded, registered, judged, served."""

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch

from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.errors import (
    ParityError,
)
from {{ cookiecutter.__package }}.models.bundle import (
    open_bundle,
    write_bundle,
)
from {{ cookiecutter.__package }}.models.tasks import task_of
from {{ cookiecutter.__package }}.models.versions import Version, Versions
from {{ cookiecutter.__package }}.training import conclude as ending
from {{ cookiecutter.__package }}.training.evaluation.evaluate import (
    Evaluation,
    evaluate,
)
from {{ cookiecutter.__package }}.training.gate.rules import Rule
from {{ cookiecutter.__package }}.training.kinds import Fitted

from ..conftest import PACKAGE
from ..models.conftest import constant_files
from .conftest import Recorder, load_settings

LEARNED = Fitted(body=torch.nn.Identity(), curves={"train_loss": [0.5], "validation_loss": [0.6]})
PASSED = Rule(rule="parity", passed=True, reason="fine")
WEAK = Rule(rule="better than dummy", passed=False, reason="AUC 0.5")
DIFFERENT = Rule(rule="parity", passed=False, reason="torch and ONNX differ by 7")
Conclude = Callable[..., Version]


@pytest.fixture(autouse=True)
def _recorded(monkeypatch: pytest.MonkeyPatch, recorder: Recorder) -> None:
    monkeypatch.setattr(ending, "tracker_of", lambda *_: recorder)


@pytest.fixture(autouse=True)
def _sink(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """One sink, which writes a page of its own."""

    def write(versions: Versions, version: Version, reports: Path) -> None:
        folder = reports / versions.name / f"version-{version.number}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "page.txt").write_text(version.bundle)

    module = ModuleType("sink")
    setattr(module, "write", write)  # noqa: B010 - mypy knows no such attribute
    monkeypatch.setitem(sys.modules, f"{PACKAGE}.sink", module)
    monkeypatch.setattr(ending, "SINKS", ("sink",))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def conclude(shop: Contract, versions: Versions, tmp_path: Path) -> Conclude:
    """Ends a training whose model answers a constant, with a given verdict."""

    def judged(names: tuple[str, ...]) -> Evaluation:
        return evaluate(
            task_of(shop),
            np.array([0.0, 1.0]),
            dict.fromkeys(names, np.array([0.2, 0.8])),
            np.arange(2),
            resamples=10,
            confidence=0.9,
            seed=0,
        )

    def end(
        value: float,
        *rules: Rule,
        promote: str = "manual",
        names: tuple[str, ...] = ("model", "champion"),
    ) -> Version:
        shutil.rmtree(tmp_path / "configs", ignore_errors=True)
        config = load_settings(tmp_path, promote=promote)
        bundle = open_bundle(write_bundle(versions.folder, constant_files(shop, value)))
        return ending.conclude(config, versions, bundle, judged(names), LEARNED, list(rules))

    return end


def served(versions: Versions) -> int | None:
    version = versions.served()
    return None if version is None else version.number


def test_the_run_the_version_and_the_alias_are_recorded(
    conclude: Conclude, recorder: Recorder
) -> None:
    version = conclude(0.2, PASSED)
    (run,) = recorder.runs
    assert run.version == version
    assert run.record.metrics["model_auc"] == 1.0
    assert run.record.curves == [{"train_loss": 0.5, "validation_loss": 0.6}]
    assert run.record.environment["python"]
    assert recorder.aliases == {"champion": 1, "challenger": None}


def test_a_sink_has_written_before_the_tracker_is_told(
    conclude: Conclude, recorder: Recorder
) -> None:
    version = conclude(0.2, PASSED)
    (run,) = recorder.runs
    assert run.report is not None
    assert (run.report / "page.txt").read_text() == version.bundle


def test_a_refused_model_leaves_what_serves_alone(
    conclude: Conclude, recorder: Recorder, versions: Versions, capsys: pytest.CaptureFixture[str]
) -> None:
    conclude(0.1, PASSED, WEAK)
    assert served(versions) is None
    conclude(0.2, PASSED)
    assert served(versions) == 2
    capsys.readouterr()
    conclude(0.3, PASSED, WEAK, promote="auto")
    assert served(versions) == 2
    assert not versions.get(3).passed
    assert recorder.aliases == {"champion": 2, "challenger": None}
    assert "refused; what serves is unchanged" in capsys.readouterr().out


def test_a_challenger_waits_for_a_person_unless_promotion_is_automatic(
    conclude: Conclude, recorder: Recorder, versions: Versions, capsys: pytest.CaptureFixture[str]
) -> None:
    conclude(0.1, PASSED)
    conclude(0.2, PASSED)
    assert served(versions) == 1
    assert recorder.aliases == {"champion": 1, "challenger": 2}
    assert "promote 2" in capsys.readouterr().out
    conclude(0.3, PASSED, promote="auto")
    assert served(versions) == 3
    assert recorder.aliases == {"champion": 3, "challenger": None}


def test_what_was_not_compared_with_the_champion_waits_for_a_person(
    conclude: Conclude, versions: Versions
) -> None:
    conclude(0.1, PASSED)
    conclude(0.2, PASSED, promote="auto", names=("model",))
    assert served(versions) == 1


def test_what_was_rolled_back_does_not_return_by_itself(
    conclude: Conclude, versions: Versions
) -> None:
    conclude(0.1, PASSED)
    conclude(0.2, PASSED, promote="auto")
    versions.serve(versions.get(1), action="rollback", why="complaints")
    conclude(0.2, PASSED, promote="auto")
    assert served(versions) == 1


def test_a_tracker_that_is_down_hears_of_the_training_at_the_next(
    conclude: Conclude, recorder: Recorder, versions: Versions
) -> None:
    recorder.down = True
    conclude(0.1, PASSED)
    assert served(versions) == 1
    recorder.down = False
    conclude(0.2, PASSED)
    assert [run.version.number for run in recorder.runs] == [1, 2]
    assert recorder.runs[0].record.metrics["model_auc"] == 1.0
    assert recorder.aliases == {"champion": 1, "challenger": 2}


def test_a_graph_that_differs_from_torch_is_registered_and_raised(
    conclude: Conclude, recorder: Recorder, versions: Versions
) -> None:
    for _ in range(2):  # trained again it is no better
        with pytest.raises(
            ParityError, match="version 1: parity: torch and ONNX differ by 7; it is kept"
        ):
            conclude(0.1, DIFFERENT)
    assert len(versions.all()) == len(recorder.runs) == 1
    assert json.loads((versions.folder / "versions/1.json").read_text())["passed"] is False
    assert served(versions) is None


def test_what_is_registered_already_is_not_registered_again(
    conclude: Conclude, recorder: Recorder, versions: Versions
) -> None:
    assert conclude(0.1, PASSED) == conclude(0.1, PASSED)
    assert len(versions.all()) == len(recorder.runs) == 1
    assert len(versions.history()) == 1
