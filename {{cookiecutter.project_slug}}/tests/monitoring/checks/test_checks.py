"""What all checks have in common; an option's kind counts as much as core's."""

import sys
from dataclasses import replace
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from {{ cookiecutter.__package }}.config import CheckConfig, Config, MonitorConfig
from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.errors import ConfigError
from {{ cookiecutter.__package }}.models.bundle import Bundle
from {{ cookiecutter.__package }}.monitoring import checks
from {{ cookiecutter.__package }}.monitoring.finding import Finding
from {{ cookiecutter.__package }}.monitoring.windows import Window

from .windows import bundle_of, draw, served_of, window_of


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory, shop: Contract) -> Bundle:
    bundle = bundle_of(tmp_path_factory.mktemp("model"), shop, {"auc": (0.80, 0.82, 0.84)})
    span = {"first": "2023-01-01", "last": "2023-12-31"}
    return replace(bundle, metadata={**bundle.metadata, "span": span})


def test_every_check_judges_and_a_kind_that_is_off_is_left_out(bundle: Bundle) -> None:
    chance, labels = draw(np.random.default_rng(3), 500)
    contract = bundle.contract
    inputs = served_of(contract, chance, labels).inputs(contract)
    served = served_of(contract, bundle.predict(inputs), labels)
    found = checks.judge(window_of(bundle, served))
    kinds = {f.kind for f in found}
    assert kinds == {*("quality", "calibration", "staleness", "parity"), *DRIFTS}
    assert not [f for f in found if f.kind in {"parity", "staleness"} and f.breach]
    assert [f.value for f in found if f.kind == "staleness"] == [7], "days to the window's end"
    old = {"staleness": {"threshold": 6}}
    breached = {f.kind for f in checks.judge(window_of(bundle, served, config=old)) if f.breach}
    assert "staleness" in breached
    off = {"quality": {"enabled": False}, "parity": {"enabled": False}}
    left = {f.kind for f in checks.judge(window_of(bundle, served, config=off))}
    assert kinds - left == {"quality", "parity"}


DRIFTS = ("data_drift", "prediction_drift")


def test_a_logged_prediction_that_the_model_does_not_make_is_a_sudden_breach(
    bundle: Bundle,
) -> None:
    chance, labels = draw(np.random.default_rng(3), 500)
    window = window_of(bundle, served_of(bundle.contract, chance, labels))
    (parity,) = (f for f in checks.judge(window) if f.kind == "parity")
    assert parity.breach
    assert "500 of 500 logged predictions differ from those made offline" in parity.sudden


class VolumeConfig(CheckConfig):
    """Settings of a kind that has no section in ``monitor.yaml``."""

    threshold: float = 10.0


def judge_volume(window: Window) -> list[Finding]:
    fewest, rows = window.settings_of("volume", VolumeConfig).threshold, len(window.rows)
    about: Any = {"kind": "volume", "subject": "rows", "measure": "per_week"}
    return [Finding(**about, value=rows, limit=fewest, rows=rows, breach=rows < fewest)]


def test_a_check_that_an_option_brings_has_settings_of_its_own(
    bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    module: Any = ModuleType("volume")
    module.CHECK = checks.Check(
        kinds={"volume": "hardly any {subject} came"},
        judge=judge_volume,
        settings=lambda config: config.settings("volume", VolumeConfig),
    )
    monkeypatch.setitem(sys.modules, f"{checks.PACKAGE}.monitoring.checks.volume", module)
    monkeypatch.setattr(checks, "CHECKS", ["monitoring.checks.volume"])

    def settings(**volume: Any) -> dict[str, CheckConfig]:
        monitor = MonitorConfig()
        return checks.settings_of(
            Config.model_construct(monitor=monitor, options={"volume": volume})
        )

    served = served_of(bundle.contract, *draw(np.random.default_rng(3), 500))
    for threshold, breach in ((100.0, False), (1_000.0, True)):
        window = window_of(bundle, served, settings=settings(threshold=threshold))
        (found,) = checks.judge(window)
        assert found.breach == breach
    for wrong, message in (
        ({"treshold": 1}, "there is no such key; did you mean 'volume.threshold'"),
        ({"persistence": [3, 2]}, "k at most m"),
    ):
        with pytest.raises(ConfigError, match=message):
            settings(**wrong)
