import pytest

from {{ cookiecutter.__package }}.config import DriftConfig, MonitorConfig
from {{ cookiecutter.__package }}.monitoring.alerts import breaching
from {{ cookiecutter.__package }}.monitoring.finding import Finding

from .judged import drift

PRICE = ("data_drift", "price", "")
CONFIG = MonitorConfig().checks()


def weeks(values: str) -> dict[str, list[Finding]]:
    """A letter a week: ``B`` breaches, ``G`` is sudden, ``-`` is ordinary, a blank does not judge."""
    made = {"B": drift(0.3), "G": drift(0.3, sudden="a constant"), "-": drift(0.02)}
    return {f"week-{n:02}": [made[v]] if v in made else [] for n, v in enumerate(values)}


@pytest.mark.parametrize(
    ("values", "since"),
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
    ],
)
def test_two_of_three_open_an_alert_and_two_calm_ones_end_it(
    values: str, since: str | None
) -> None:
    found = breaching(weeks(values), CONFIG)
    assert {key: breach.since for key, breach in found.items()} == ({PRICE: since} if since else {})


def test_a_breach_tells_the_newest_window_that_was_beyond() -> None:
    judged = {"a": [drift(0.2)], "b": [drift(0.4)], "c": [drift(0.05)]}
    breach = breaching(judged, CONFIG)[PRICE]
    assert (breach.finding.value, breach.times, breach.of) == (0.4, 2, 3)


def test_each_column_and_slice_is_followed_apart() -> None:
    here, there = drift(0.3, part="city = Bern"), drift(0.3, subject="items")
    judged = {"a": [here, drift(0.0)], "b": [here, there, drift(0.0)]}
    assert set(breaching(judged, CONFIG)) == {("data_drift", "price", "city = Bern")}


def test_what_is_shown_and_not_judged_is_no_breach_and_no_calm() -> None:
    shown = drift(0.0, limit=None)
    judged = {"a": [drift(0.3), shown], "b": [drift(0.3), shown], "c": [shown], "d": [shown]}
    assert breaching(judged, CONFIG)[PRICE].since == "a"


def test_labels_that_are_late_neither_end_nor_lengthen_an_alert_about_quality() -> None:
    bad = Finding(
        kind="quality", subject="auc", measure="auc", value=0.6, limit=0.7, rows=90, breach=True
    )
    judged = {"a": [bad, drift(0)], "b": [bad, drift(0)], "c": [drift(0)], "d": [drift(0)]}
    assert set(breaching(judged, CONFIG)) == {("quality", "auc", "")}


def test_what_its_kind_judges_no_more_is_over() -> None:
    other = drift(0.0, subject="items")
    judged = {name: [drift(0.3), other] for name in "ab"} | {name: [other] for name in "cde"}
    assert breaching(judged, CONFIG) == {}


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
