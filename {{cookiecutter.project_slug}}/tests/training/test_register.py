"""The end of a training: what is registered, what is refused, and what serves after it."""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from {{ cookiecutter.__package }}.config import ModelConfig
from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.errors import ParityError
from {{ cookiecutter.__package }}.models.tasks import Cut, task_of
from {{ cookiecutter.__package }}.models.versions import Version, Versions
from {{ cookiecutter.__package }}.training import job
from {{ cookiecutter.__package }}.training.evaluate import (
    Predictions,
    evaluate,
)
from {{ cookiecutter.__package }}.training.exported import Exported
from {{ cookiecutter.__package }}.training.gate import RULES, Rule
from {{ cookiecutter.__package }}.training.kinds import Fitted
from {{ cookiecutter.__package }}.training.rows import Blocks, Rows, Splits

from ..conftest import write_dataset
from ..models.conftest import constant_graph
from .conftest import load_settings


@pytest.fixture
def end(
    shop: Contract, shop_rows: Rows, versions: Versions, tmp_path: Path
) -> Callable[..., Version]:
    """Ends a training whose graph answers a constant, with a given verdict."""
    dataset = write_dataset(tmp_path / "data", shop)
    splits = Splits(train=shop_rows, validation=shop_rows, test=shop_rows)

    def register(
        value: float,
        failed: str = "",
        promote: str = "manual",
        compared: bool = True,
    ) -> Version:
        shutil.rmtree(tmp_path / "configs", ignore_errors=True)
        outputs = np.full(len(shop_rows), value, np.float32)
        names = ("model", "linear", "dummy", *(["champion"] if compared else []))
        evaluation = evaluate(
            task_of(shop),
            shop_rows.labels,
            dict.fromkeys(names, Predictions(outputs=outputs)),
            Blocks(of=np.arange(len(shop_rows)) // 60, unit="rows"),
            resamples=100,
            confidence=0.9,
            seed=0,
        )
        exported = Exported(
            graph=constant_graph(shop, value),
            tested=outputs,
            trained=outputs,
            valid=Rule(rule="valid outputs", passed=True, reason="fine"),
            parity=0.0,
            between="torch and ONNX",
            cut=Cut(threshold=0.5, why="as said"),
            choice=ModelConfig(kind="linear"),
            fitted=Fitted(body=torch.nn.Identity()),
            parameters=1,
        )
        rules = [Rule(rule=name, passed=name != failed, reason="why") for name in RULES]
        assessed = job.Assessed(exported=exported, evaluation=evaluation, rules=rules)
        return job.register(load_settings(tmp_path, promote=promote), dataset, splits, assessed)

    return register


End = Callable[..., Version]


def served(versions: Versions) -> int | None:
    version = versions.served()
    return None if version is None else version.number


def test_a_refused_model_leaves_what_serves_alone_and_says_why(
    end: End, versions: Versions, capsys: pytest.CaptureFixture[str]
) -> None:
    end(0.1, failed="calibrated")
    assert served(versions) is None
    shown = capsys.readouterr().out
    assert "refused   calibrated: why" in shown
    assert shown.count("refused   ") == 1
    assert "nothing serves yet" in shown
    end(0.2)
    assert served(versions) == 2
    end(0.3, failed="calibrated", promote="auto")
    assert served(versions) == 2
    assert not versions.get(3).passed
    assert "refused version 3; what serves is unchanged" in capsys.readouterr().out


def test_a_challenger_waits_for_a_person_unless_promotion_is_automatic(
    end: End, versions: Versions, capsys: pytest.CaptureFixture[str]
) -> None:
    end(0.1)
    end(0.2)
    assert served(versions) == 1
    assert "promote 2" in capsys.readouterr().out
    end(0.3, promote="auto", compared=False)
    assert served(versions) == 1, "nobody compared it with the champion"
    end(0.4, promote="auto")
    assert served(versions) == 4
    versions.serve(versions.get(1), action="rollback", why="complaints")
    assert end(0.4, promote="auto") == versions.get(4)
    assert served(versions) == 1, "what was rolled back does not return by itself"
    assert len(versions.all()) == 4


def test_a_graph_that_differs_from_torch_is_registered_and_raised(
    end: End, versions: Versions
) -> None:
    for _ in range(2):  # trained again it is no better
        with pytest.raises(ParityError, match="version 1: parity: why; it is kept"):
            end(0.1, failed="parity")
    assert len(versions.all()) == 1
    assert served(versions) is None
