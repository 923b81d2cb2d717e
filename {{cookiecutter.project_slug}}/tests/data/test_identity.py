"""What decides a dataset's rows makes another key; what is written makes the name."""

import json
import subprocess
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


SCRIPT = f"""
import sys
from {PACKAGE}.config import DataConfig, HashSplit
from {PACKAGE}.contract import Contract
from {PACKAGE}.data import job
contract = Contract.model_validate_json(sys.argv[1])
config = DataConfig(driving="orders", split=HashSplit(by="hash"))
print(*("{PACKAGE}." + name for name in job.describe(contract, config, dict())["modules"]))
"""


def loaded(contract: Contract) -> list[str]:
    """The modules of ours that the data job loads in a process of its own."""
    ran = subprocess.run(
        [sys.executable, "-c", SCRIPT, contract.text], check=True, capture_output=True, text=True
    )
    return ran.stdout.split()


def test_a_change_of_any_module_that_the_job_loads_changes_the_key(
    place: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, names = key(place), loaded(place.contract)
    expected = ("values", "rules", "data.transform", "data.delimited", "data.read", "data.cast")
    assert {f"{PACKAGE}.{name}" for name in expected} <= {*names}
    assert not {name for name in names if name.split(".")[1:2] in [["training"], ["serving"]]}
    for name in names:
        module = sys.modules[name.rstrip(".")]
        path = Path(str(module.__file__))
        other = tmp_path / "other.py"
        other.write_text(path.read_text() + "\n# changed\n")
        with monkeypatch.context() as context:
            context.setattr(module, "__file__", str(other))
            assert key(place) != before, name
    assert key(place) == before


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
