from pathlib import Path

from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.log.log_retention.compact import compact
from {{ cookiecutter.__package }}.monitoring import job

from ..conftest import make_weeks, windows


def test_compacting_the_log_changes_no_judgement(tmp_path: Path, shop: Contract) -> None:
    place = make_weeks(tmp_path, shop)
    first, before = job.run(place.config, "shop"), windows(place)
    compact(place.config.monitor.log)
    assert not list(place.config.monitor.log.glob("*.jsonl"))
    assert job.run(place.config, "shop") == first
    assert windows(place) == before
