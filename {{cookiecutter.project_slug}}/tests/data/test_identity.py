"""What decides a dataset's rows makes another key; what is written makes the name."""

import json
import sys
from pathlib import Path

import pytest

from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.data import job
from {{ cookiecutter.__package }}.data.job import describe, key_of

from ..conftest import PACKAGE
from .conftest import Shop, orders


def key(place: Shop, contract: Contract | None = None) -> str:
    return key_of(describe(contract or place.contract, place.config, {"orders": [place.csv]}))


@pytest.mark.parametrize(
    "name", ["values", "rules", "contract.source", "data.transform", "data.delimited", "data.cast"]
)
def test_a_change_of_a_module_that_the_job_loads_changes_the_key(
    place: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    before, module = key(place), sys.modules[f"{PACKAGE}.{name}"]
    other = tmp_path / "other.py"
    other.write_text(f"{Path(str(module.__file__)).read_text()}\n# changed\n")
    monkeypatch.setattr(module, "__file__", str(other))
    assert key(place) != before


def test_other_settings_bytes_or_libraries_have_another_key(
    place: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = key(place)
    split = {"validation_from": "2024-02-02", "test_from": "2024-03-01"}
    assert key(place.having(split=split)) != before
    assert key(place.having(max_rejected_fraction=0.1)) != before
    other = json.loads(place.contract.text) | {"timezone": "Europe/London"}
    assert key(place, Contract.model_validate(other)) != before
    with monkeypatch.context() as context:
        context.setattr(job, "version", lambda _: "0")
        assert key(place) != before
    place.write(orders(59))
    assert key(place) != before
