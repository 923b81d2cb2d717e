"""What all checks have in common; an option's kind counts as much as core's."""

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from {{ cookiecutter.__package }}.config import CheckConfig, Config
from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.errors import ConfigError
from {{ cookiecutter.__package }}.models.bundle import Bundle
from {{ cookiecutter.__package }}.models.versions import Versions
from {{ cookiecutter.__package }}.monitoring import checks
from {{ cookiecutter.__package }}.monitoring.alerts.text import lead_of
from {{ cookiecutter.__package }}.monitoring.finding import (
    Check,
    Finding,
    Kind,
)
from {{ cookiecutter.__package }}.monitoring.window import Window

from ..conftest import make_place
from .windows import bundle_of, draw, served_of, window_of


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory, shop: Contract) -> Bundle:
    return bundle_of(tmp_path_factory.mktemp("model"), shop, {"auc": (0.80, 0.82, 0.84)})


def test_every_check_judges_and_a_kind_that_is_off_is_left_out(bundle: Bundle) -> None:
    chance, labels = draw(np.random.default_rng(3), 500)
    contract = bundle.contract
    inputs = served_of(contract, chance, labels).inputs(contract)
    served = served_of(contract, bundle.predict(inputs), labels)
    kinds = {f.kind for f in checks.judge(window_of(bundle, served))}
    assert {"quality", "calibration", "staleness", "parity"} <= kinds
    off = {"quality": {"enabled": False}, "parity": {"enabled": False}}
    left = {f.kind for f in checks.judge(window_of(bundle, served, config=off))}
    assert kinds - left == {"quality", "parity"}
    assert len(set(checks.CHECKS)) == len(checks.CHECKS)


VOLUME = Finding(kind="volume", subject="rows", measure="per_week", value=1, rows=1)


class VolumeConfig(CheckConfig):
    """Settings of a kind that has no section in ``monitor.yaml``."""

    threshold: float = 10.0


def judge_volume(window: Window) -> list[Finding]:
    fewest, rows = window.settings_of("volume", VolumeConfig).threshold, len(window.rows)
    return [
        Finding(
            kind="volume",
            subject="rows",
            measure="per_week",
            value=rows,
            limit=fewest,
            rows=rows,
            breach=rows < fewest,
        )
    ]


@pytest.fixture
def volume(monkeypatch: pytest.MonkeyPatch) -> None:
    """A check as an option brings it: a module, and a line in the list."""
    module: Any = ModuleType("volume")
    kind = Kind(
        name="volume",
        lead="hardly any {subject} came",
        settings=lambda config: config.settings("volume", VolumeConfig),
    )
    module.CHECK = Check(kinds=[kind], judge=judge_volume, others=lambda *_: {7})
    monkeypatch.setitem(sys.modules, f"{checks.PACKAGE}.monitoring.checks.volume", module)
    monkeypatch.setattr(checks, "CHECKS", [*checks.CHECKS, "monitoring.checks.volume"])


def config_with(folder: Path, shop: Contract, **volume: Any) -> Config:
    """A project whose ``volume.yaml`` says this."""
    config = make_place(folder, shop).config
    return config.model_copy(update={"options": {"volume": volume}})


@pytest.mark.usefixtures("volume")
def test_a_kind_of_an_option_is_judged_by_its_own_settings(
    tmp_path: Path, shop: Contract, bundle: Bundle
) -> None:
    served = served_of(bundle.contract, *draw(np.random.default_rng(3), 500))
    for threshold, breach in ((100.0, False), (1_000.0, True)):
        config = config_with(tmp_path / str(breach), shop, threshold=threshold)
        window = window_of(bundle, served, settings=checks.settings_of(config))
        (found,) = (f for f in checks.judge(window) if f.kind == "volume")
        assert found.breach == breach
    off = checks.settings_of(config_with(tmp_path / "off", shop, enabled=False))
    assert "volume" not in {f.kind for f in checks.judge(window_of(bundle, served, settings=off))}


@pytest.mark.usefixtures("volume")
@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"route": ["chat"]}, "volume.route.0: Input should be 'log', 'file' or 'apprise'"),
        ({"treshold": 1}, "volume.treshold: there is no such key; did you mean 'volume.threshold'"),
        ({"persistence": [3, 2]}, "k at most m"),
    ],
)
def test_settings_of_an_option_that_are_not_valid_are_refused(
    tmp_path: Path, shop: Contract, given: dict[str, Any], said: str
) -> None:
    with pytest.raises(ConfigError, match=said):
        checks.settings_of(config_with(tmp_path, shop, **given))


@pytest.mark.usefixtures("volume")
def test_an_option_has_its_own_words_and_asks_for_other_versions(
    tmp_path: Path, shop: Contract
) -> None:
    assert lead_of(VOLUME) == "hardly any rows came"
    versions = Versions(make_place(tmp_path, shop).config.train.bundles, "shop")
    assert checks.others_of(versions, 1) == {7}


def test_a_kind_that_is_not_checked_any_more_is_called_by_its_name() -> None:
    assert lead_of(VOLUME) == "volume: rows"
