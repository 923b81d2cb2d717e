"""When a breach is an alert and since when, by what each week showed."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from {{ cookiecutter.__package }}.config import CheckConfig, MonitorConfig
from {{ cookiecutter.__package }}.monitoring.alerts import alerts_of
from {{ cookiecutter.__package }}.monitoring.finding import Finding

from .conftest import drift, week_of

CONFIG = MonitorConfig().checks()


# A week breaches, is a sudden change, is ordinary, is shown without a limit, judges another column
# alone, or has no finding of the kind, as quality has none while labels are late.
LETTERS = {
    "B": drift(0.3),
    "G": drift(0.3, sudden="a constant"),
    "-": drift(0.02),
    "o": drift(0.02, limit=None),
    "i": drift(0.02, subject="items"),
    " ": Finding(kind="quality", subject="auc", measure="auc", value=0.8, limit=0.7, rows=90),
}


def open_since(letters: str, settings: Mapping[str, CheckConfig] = CONFIG) -> dict[str, str]:
    """The subjects of the alerts that weeks like these end in, and the week in which each began."""
    weeks = [week_of(n, [LETTERS[letter]]) for n, letter in enumerate(letters)]
    alerts = alerts_of(weeks, settings, datetime.now(UTC))
    numbers = {week.name: f"week-{n:02}" for n, week in enumerate(weeks)}
    return {alert.subject: numbers[alert.since] for alert in alerts}


@pytest.mark.parametrize(
    ("letters", "since"),
    [
        ("", None),
        ("-", None),
        ("B", None),
        ("-B", None),
        ("BB", "week-00"),
        ("-BB", "week-01"),
        ("B-B", "week-00"),
        ("B--B", None),
        ("BB-", "week-00"),
        ("BB--", None),
        ("BB-B-B", "week-00"),
        ("BB--BB", "week-04"),
        ("G", "week-00"),
        ("--G", "week-02"),
        ("G-", "week-00"),
        ("G--", None),
        ("BBooo", "week-00"),
        ("BB   ", "week-00"),
        ("B   ", None),
        ("B   B", "week-00"),
        ("BBii", "week-00"),
        ("BBiii", None),
    ],
)
def test_two_of_three_open_an_alert_and_two_calm_ones_end_it(
    letters: str, since: str | None
) -> None:
    assert open_since(letters) == ({"price": since} if since else {})


def test_each_column_is_followed_apart() -> None:
    first, second = [drift(0.3)], [drift(0.3), drift(0.3, subject="items"), drift(0.0)]
    weeks = [week_of(0, first), week_of(1, second)]
    alerts = alerts_of(weeks, CONFIG, datetime.now(UTC))
    assert [alert.key for alert in alerts] == [("data_drift", "price")]


def test_persistence_is_the_kinds_own_and_a_kind_that_is_off_raises_nothing() -> None:
    def is_open(letters: str, **settings: Any) -> bool:
        checks = MonitorConfig.model_validate({"data_drift": settings}).checks()
        return bool(open_since(letters, checks))

    assert is_open("-B", persistence=(1, 1))
    assert not is_open("B-", persistence=(1, 1))
    assert not is_open("BB-BB", persistence=(3, 3))
    assert is_open("-BBB", persistence=(3, 3))
    assert not is_open("BBG", enabled=False)
    assert open_since("BBG", {}) == {}, "of an option that is gone"
