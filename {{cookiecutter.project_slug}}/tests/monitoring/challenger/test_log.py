"""A challenger's rows in the log: compared with the champion's, and never taken for answers."""

import json
from pathlib import Path
from typing import Any

import pytest

from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.errors import DataError
from {{ cookiecutter.__package }}.models.challenger import (
    Challenges,
    Route,
)
from {{ cookiecutter.__package }}.models.versions import Versions
from {{ cookiecutter.__package }}.monitoring import checks, job
from {{ cookiecutter.__package }}.monitoring.finding import Finding

from ...serving.live import add_version
from ...synthesized import synthesize
from ..conftest import Place, findings_in, make_place, weeks_of, windows, write_log
from ..reading import served_in


@pytest.fixture
def place(tmp_path: Path, shop: Contract, monkeypatch: pytest.MonkeyPatch) -> Place:
    """Four weeks that version 1 answered; version 2 waits."""
    monkeypatch.setattr(checks, "CHECKS", [*checks.CHECKS, "monitoring.checks.challenger"])
    place = make_place(tmp_path, shop)
    table = synthesize(shop, 6_000, days=84)
    add_version(place.config.train.bundles, shop, table=table, serve=False)
    write_log(place, weeks_of(shop))
    return place


def challenge(place: Place, route: Route, share: float) -> None:
    versions = Versions(place.config.train.bundles, place.contract.name)
    Challenges(versions).start(versions.get(2), route, share)


def answer_beside(place: Place, route: str, *, every: int = 1) -> None:
    """Version 2 answers what version 1 did, the other way round; aloud in the place of it."""
    path = place.config.monitor.log / "predictions-2024-01-01-1.jsonl"
    records: list[dict[str, Any]] = [json.loads(line) for line in path.read_text().splitlines()]
    theirs = []
    for record in records[::every]:
        other = {**record, "version": 2, "route": route}
        theirs.append(other | {"probability": [1 - record["probability"][0]]})
    if route != "shadow":
        taken = {other["request_id"] for other in theirs}
        records = [record for record in records if record["request_id"] not in taken]
    path.write_text("".join(json.dumps(record) + "\n" for record in [*records, *theirs]))


def challenged(place: Place) -> dict[str, dict[str, Finding]]:
    """What was found of the challenger, by window and part."""
    job.run(place.config, "shop")
    kept = findings_in(place)
    return {
        name: {f.part: f for f in found if f.kind == "challenger"} for name, found in kept.items()
    }


def test_a_shadow_is_compared_row_by_row_and_is_no_answer(place: Place) -> None:
    before = challenged(place)
    assert not any(before.values())
    challenge(place, "shadow", 1.0)
    answer_beside(place, "shadow")
    found = challenged(place)
    assert len(found) == len(before) > 0
    for parts in found.values():
        assert parts["divergence"].subject == "version 2"
        assert parts["auc"].value < 0
        assert parts["auc"].breach
    rows = {name: window.rows for name, window in windows(place).items()}
    assert sum(rows.values()) == 1_600
    with pytest.raises(DataError, match="no predictions by shop version 2"):
        served_in(place.config.monitor.log, place.contract, 2)


def test_a_share_of_the_traffic_is_compared_over_the_same_days(place: Place) -> None:
    challenge(place, "shadow", 1.0)  # the log tells how each row was answered
    answer_beside(place, "challenger", every=2)
    found = challenged(place)
    assert found
    for parts in found.values():
        assert "divergence" not in parts
        assert parts["auc"].value < 0
    assert len(served_in(place.config.monitor.log, place.contract, 2)) == 800
