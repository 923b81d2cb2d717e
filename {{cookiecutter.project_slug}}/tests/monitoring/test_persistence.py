import pytest

from {{ cookiecutter.__package }}.config import DriftConfig, MonitorConfig
from {{ cookiecutter.__package }}.monitoring.alerts import breaching
from {{ cookiecutter.__package }}.monitoring.finding import Finding

from .judged import drift

PRICE = ("data_drift", "price", "")
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


def weeks(letters: str) -> dict[str, list[Finding]]:
    return {f"week-{n:02}": [LETTERS[letter]] for n, letter in enumerate(letters)}


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
    found = breaching(weeks(letters), CONFIG)
    assert {key: breach.since for key, breach in found.items()} == ({PRICE: since} if since else {})


def test_each_column_and_slice_is_followed_apart() -> None:
    here, there = drift(0.3, part="city = Bern"), drift(0.3, subject="items")
    judged = {"a": [here, drift(0.0)], "b": [here, there, drift(0.0)]}
    assert set(breaching(judged, CONFIG)) == {("data_drift", "price", "city = Bern")}


def test_a_kind_that_is_off_or_of_an_option_that_is_gone_raises_nothing() -> None:
    config = MonitorConfig(data_drift=DriftConfig(enabled=False)).checks()
    assert breaching(weeks("BBG"), config) == {}
    assert breaching(weeks("BBG"), {}) == {}


def test_persistence_is_the_kinds_own() -> None:
    at_once = MonitorConfig(data_drift=DriftConfig(persistence=(1, 1))).checks()
    assert set(breaching(weeks("-B"), at_once)) == {PRICE}
    assert breaching(weeks("B-"), at_once) == {}
    each = MonitorConfig(data_drift=DriftConfig(persistence=(3, 3))).checks()
    assert breaching(weeks("BB-BB"), each) == {}
    assert set(breaching(weeks("-BBB"), each)) == {PRICE}
