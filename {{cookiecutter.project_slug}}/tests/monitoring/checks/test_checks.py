"""The checks of core, all together on one window."""

from dataclasses import replace

import numpy as np
import pytest

from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.models.bundle import Bundle
from {{ cookiecutter.__package }}.monitoring import checks

from .windows import bundle_of, draw, served_of, window_of

DRIFTS = ("data_drift", "prediction_drift")


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory, shop: Contract) -> Bundle:
    bundle = bundle_of(tmp_path_factory.mktemp("model"), shop, {"auc": (0.80, 0.82, 0.84)})
    span = {"first": "2023-01-01", "last": "2023-12-31"}
    return replace(bundle, metadata={**bundle.metadata, "span": span})


def test_every_check_judges_and_a_kind_that_is_off_is_left_out(bundle: Bundle) -> None:
    chance, labels = draw(np.random.default_rng(3), 500)
    contract = bundle.contract
    others = served_of(contract, chance, labels)
    served = served_of(contract, bundle.predict(others.inputs(contract)), labels)
    found = {f.kind: f for f in checks.judge(window_of(bundle, served))}
    assert found.keys() == {*DRIFTS, "quality", "calibration", "staleness", "parity"}
    assert found["staleness"].value == 7, "days to the window's end"
    assert not found["staleness"].breach
    assert not found["parity"].breach
    off = {"quality": {"enabled": False}, "staleness": {"threshold": 6}}
    changed = {f.kind: f for f in checks.judge(window_of(bundle, others, config=off))}
    assert found.keys() - changed.keys() == {"quality"}
    assert changed["staleness"].breach
    assert changed["parity"].breach
    assert "500 of 500 logged predictions differ from" in changed["parity"].sudden
