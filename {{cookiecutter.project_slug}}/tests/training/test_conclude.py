"""How a training ends: recorded, registered, judged, served."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

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
from {{ cookiecutter.__package }}.training import job
from {{ cookiecutter.__package }}.training.evaluate import (
    Evaluation,
    evaluate,
)
from {{ cookiecutter.__package }}.training.gate import Rule
from {{ cookiecutter.__package }}.training.loop import Epoch, FitResult

from ..models.conftest import constant_files
from .conftest import Recorder, load_settings

EPOCH = Epoch(number=1, train_loss=0.5, validation_loss=0.6, validation_score=0.7, best=True)
PASSED = Rule(rule="parity", passed=True, reason="fine")
WEAK = Rule(rule="better than dummy", passed=False, reason="AUC 0.5")
DIFFERENT = Rule(rule="parity", passed=False, reason="torch and ONNX differ by 7")
Conclude = Callable[..., Version]


@pytest.fixture
def recorder(monkeypatch: pytest.MonkeyPatch) -> Recorder:
    made = Recorder()
    monkeypatch.setattr(job, "tracker", lambda *_: made)
    return made


@pytest.fixture
def conclude(shop: Contract, tmp_path: Path) -> Conclude:
    """Ends a training whose model answers a constant, with a given verdict."""
    evaluation: Evaluation = evaluate(
        task_of(shop),
        np.array([0.0, 1.0]),
        {"model": np.array([0.2, 0.8])},
        np.arange(2),
        resamples=10,
        confidence=0.9,
        seed=0,
    )
    result = FitResult(epochs=(EPOCH,), best=EPOCH)
    versions = Versions(tmp_path / "bundles", "shop")

    def end(value: float, *rules: Rule, promote: str = "manual") -> Version:
        shutil.rmtree(tmp_path / "configs", ignore_errors=True)
        config = load_settings(tmp_path, promote=promote)
        bundle = open_bundle(write_bundle(versions.folder, constant_files(shop, value)))
        return job.conclude(config, versions, bundle, evaluation, result, list(rules))

    return end


@pytest.fixture
def versions(tmp_path: Path) -> Versions:
    return Versions(tmp_path / "bundles", "shop")


def served(versions: Versions) -> int | None:
    version = versions.served()
    return None if version is None else version.number


def test_the_run_the_version_and_the_alias_are_recorded(
    conclude: Conclude, recorder: Recorder
) -> None:
    version = conclude(0.2, PASSED)
    assert recorder.runs[0]["model_auc"] == 1.0
    assert recorder.curves == [{"train_loss": 0.5, "validation_loss": 0.6}]
    assert recorder.registered == [("run-1", 1, version.bundle)]
    assert recorder.aliases == [("champion", 1)]
    assert version.run_id == "run-1"


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
    assert recorder.aliases == [("champion", 2)]
    assert "refused; what serves is unchanged" in capsys.readouterr().out


def test_a_challenger_waits_for_a_person_unless_promotion_is_automatic(
    conclude: Conclude, recorder: Recorder, versions: Versions, capsys: pytest.CaptureFixture[str]
) -> None:
    conclude(0.1, PASSED)
    conclude(0.2, PASSED)
    assert served(versions) == 1
    assert recorder.aliases[-1] == ("challenger", 2)
    assert "promote 2" in capsys.readouterr().out
    conclude(0.3, PASSED, promote="auto")
    assert served(versions) == 3
    assert recorder.aliases[-1] == ("champion", 3)


def test_a_graph_that_differs_from_torch_is_registered_and_raised(
    conclude: Conclude, recorder: Recorder, versions: Versions
) -> None:
    with pytest.raises(ParityError, match="version 1: torch and ONNX differ by 7; it is kept"):
        conclude(0.1, DIFFERENT)
    assert json.loads((versions.folder / "versions/1.json").read_text())["passed"] is False
    assert served(versions) is None


def test_what_is_registered_already_is_not_registered_again(
    conclude: Conclude, recorder: Recorder, versions: Versions
) -> None:
    assert conclude(0.1, PASSED) == conclude(0.1, PASSED)
    assert len(versions.all()) == len(recorder.runs) == 1
    assert len(versions.history()) == 1
