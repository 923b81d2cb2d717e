"""Before a version serves: everything says why, and a file can be scored all the same."""

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from {{ cookiecutter.__package }}.config import ServeConfig
from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.errors import BundleError, RegistryError
from {{ cookiecutter.__package }}.models.versions import Versions
from {{ cookiecutter.__package }}.scoring.job import run

from ..synthesized import synthesize
from .conftest import serve_config
from .live import add_version, live

REFUSED = [
    {"rule": "parity", "passed": True, "reason": "fine"},
    {"rule": "better than dummy", "passed": False, "reason": "AUC 0.51 [0.46, 0.57]"},
]


@pytest.fixture
def refused(tmp_path: Path, shop: Contract) -> ServeConfig:
    """Settings of a model whose newest version its gate refused."""
    config = serve_config(tmp_path)
    made = add_version(config.bundles, shop, serve=False)
    Versions(config.bundles, shop.name).register(made.bundle, REFUSED, passed=False)
    return config


def test_the_server_says_by_which_rule_the_gate_refused(refused: ServeConfig) -> None:
    with live(refused.model_copy(update={"model": "shop"})) as client:
        answer = client.get("/health/ready")
        assert answer.status_code == 503
        assert "the gate refused version 2: better than dummy: AUC 0.51" in answer.json()["problem"]
        assert "parity" not in answer.json()["problem"]
        predicted = client.post("/predict", json={"rows": [{}]})
        assert (predicted.status_code, predicted.json()["code"]) == (503, "not_ready")


def test_a_version_that_could_serve_is_named(tmp_path: Path, shop: Contract) -> None:
    add_version(tmp_path, shop, serve=False)
    assert "promote one with: promote 1" in Versions(tmp_path, shop.name).unserved()


def test_a_refused_version_scores_where_it_is_asked_for(
    refused: ServeConfig, shop: Contract, tmp_path: Path
) -> None:
    rows, scores = tmp_path / "rows.parquet", tmp_path / "scores.parquet"
    pq.write_table(synthesize(shop, 20), rows)
    ask = str(rows)
    with pytest.raises(BundleError, match="the gate refused version 2"):
        run(refused, shop.name, ask, scores)
    assert run(refused, shop.name, ask, scores, 2) == (20, 0)
    assert pq.read_table(scores).num_rows == 20
    with pytest.raises(RegistryError, match="has no version 7; its versions: 1, 2"):
        run(refused, shop.name, ask, scores, 7)
