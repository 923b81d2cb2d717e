import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from {{ cookiecutter.__package }} import demo_drift
from {{ cookiecutter.__package }}.atomic import point
from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.errors import DataError
from {{ cookiecutter.__package }}.models.arrow import from_table
from {{ cookiecutter.__package }}.models.bundle import open_bundle
from {{ cookiecutter.__package }}.models.versions import Versions
from {{ cookiecutter.__package }}.monitoring import job
from {{ cookiecutter.__package }}.monitoring.history import History
from {{ cookiecutter.__package }}.monitoring.page.kept import alerts_of

from .conftest import shop_of
from .monitoring.conftest import Place, make_place, outcomes_of
from .synthesized import synthesize

WEEKS = 11


def place_of(folder: Path, contract: Contract) -> Place:
    """A served model of the shop, its configuration, and test rows of which it is right."""
    place = make_place(folder, contract)
    version = Versions(place.config.train.bundles, contract.name).get(1)
    bundle = open_bundle(place.config.train.bundles / contract.name / version.bundle)
    table = synthesize(contract, 400 * WEEKS, seed=5, days=7 * WEEKS)
    outcomes = outcomes_of(contract, bundle.predict(from_table(contract, table)), right=True)
    place_in = table.column_names.index(contract.target)
    table = table.set_column(place_in, contract.target, pa.array(outcomes))
    path = place.config.data.directory / "datasets" / "made"
    path.mkdir(parents=True)
    pq.write_table(table, path / "test.parquet")
    (path / "contract.json").write_text(contract.text)
    point(path.parent / "current", "made")
    configs = folder / "configs"
    configs.mkdir()
    for name, section in place.config.model_dump(mode="json").items():
        (configs / f"{name}.yaml").write_text(yaml.safe_dump(section))
    source = json.loads(contract.text)
    (configs / "contract.yaml").write_text(yaml.safe_dump(source, sort_keys=False))
    return place


@pytest.mark.slow
def test_the_story_raises_and_resolves_an_alert_for_each_fault_and_ends_with_the_page(
    tmp_path: Path,
    shop: Contract,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(job, "PICTURES", [])
    place = place_of(tmp_path, shop)
    own = place.config.monitor
    demo_drift.run(tmp_path / "configs", [])
    told = capsys.readouterr().out
    folder = place.config.data.directory / "demo-drift"
    kept = alerts_of(History(folder / "monitoring.sqlite"), shop.name)
    about = {alert["subject"]: alert for alert in kept}
    assert about["price"]["state"] == about["auc"]["state"] == "resolved"
    assert about["price"]["since"] == "2024-01-15"
    assert about["auc"]["since"] == "2024-02-05"
    for alert in kept:
        assert f"raised  {alert['text']}" in told or f"resolved {alert['text']}" in told
    weeks = told.split("── week ")[1:]
    assert [week.split()[0] for week in weeks] == [str(number) for number in range(1, 11)]
    for number, week in enumerate(weeks, start=1):
        assert ("'price' arrives 100 times too small" in week) == (number in (3, 4, 5))
        assert ("outcomes told are not" in week) == (number in (6, 7))
    assert "drifted   nothing" in weeks[0]
    assert "price" in weeks[2].partition("drifted")[2]
    page = folder / "reports" / shop.name / "monitoring.html"
    assert str(page) in told.replace("\n", "")
    assert "Calm" in page.read_text()
    assert not own.history.is_relative_to(tmp_path) or not own.history.exists()
    assert not own.log.exists(), "nothing of the person's own is touched"


def test_a_unit_that_changes_stays_within_the_contract(shop: Contract) -> None:
    assert demo_drift.measured(shop) == "price"
    table = synthesize(shop, 50)
    moved = demo_drift._moved(table, shop, "price")
    assert moved.schema == table.schema
    given, sent = (np.array(rows["price"].to_pylist(), float) for rows in (table, moved))
    assert sent == pytest.approx(given / 100)
    narrow = with_column(shop, "price", type="float", minimum=2, maximum=1000)
    assert min(demo_drift._moved(table, narrow, "price")["price"].to_pylist()) == 2


def test_outcomes_are_dealt_to_other_rows_and_stay_as_many(shop: Contract) -> None:
    table = synthesize(shop, 50)
    given, dealt = (t["returned"].to_pylist() for t in (table, demo_drift._dealt(table, shop)))
    assert sorted(dealt) == sorted(given)
    assert dealt != given


def test_test_rows_of_too_few_weeks_or_without_a_time_are_refused(shop: Contract) -> None:
    table = synthesize(shop, 500, days=30)
    with pytest.raises(DataError, match=r"hold 4 whole weeks; the story takes 10: set data.split"):
        list(demo_drift.weeks_of(shop, table))
    with pytest.raises(DataError, match="names no time"):
        list(demo_drift.weeks_of(shop_of("binary", time=None), table))


def with_column(contract: Contract, column: str, **how: Any) -> Contract:
    """The contract with another description of a column."""
    values = json.loads(contract.text)
    values["columns"][column] = how
    return Contract.model_validate(values)
