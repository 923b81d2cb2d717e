import numpy as np
import pytest

from {{ cookiecutter.__package }}.models.profile import NO_WINDOW, describe
from {{ cookiecutter.__package }}.monitoring.finding import Finding
from {{ cookiecutter.__package }}.monitoring.monitoring_page.content import (
    distribution_of,
)
from {{ cookiecutter.__package }}.monitoring.monitoring_page.plots import (
    Point,
    distribution,
    timeline,
)

NAMES = ["1 Jan", "8 Jan", "15 Jan", "22 Jan", "29 Jan"]


def point(window: int, value: float, *, version: int = 1, breach: bool = False) -> Point:
    """A window's value, with a limit of 0.2."""
    one = Finding(
        kind="k", subject="s", measure="psi", value=value, limit=0.2, rows=9, breach=breach
    )
    return Point(window=window, version=version, finding=one, tooltip=f"at {window}")


def test_a_line_breaks_at_a_window_that_was_not_judged_and_at_a_new_version() -> None:
    places = [(0, 1), (1, 1), (3, 1), (4, 2)]
    points = [point(at, at / 10, version=version, breach=at > 3) for at, version in places]
    plot = timeline("AUC", points, NAMES)
    assert plot.count('class="line"') == 1
    assert [f"at {at}" in plot for at in range(5)] == [True, True, False, True, True]
    assert "version 2" in plot
    assert plot.count('class="dot"') == 3
    assert plot.count('class="outside"') == 1, "another form than a dot"
    assert plot.count('class="limit"') == 4


@pytest.mark.parametrize("value", [0.0, 0.2, 1e-12, 123_456.0])
def test_values_that_are_all_the_same_are_drawn(value: float) -> None:
    plot = timeline("x", [point(0, value), point(1, value)], NAMES[:2])
    assert plot.count('class="dot"') == 2
    assert "nan" not in plot


def test_a_number_keeps_the_shares_of_its_bins_and_of_missing_values() -> None:
    training = np.append(np.arange(900.0), [np.nan] * 100)
    profile = describe("price", training, np.full(1_000, NO_WINDOW))
    bins = distribution_of(profile, np.array([-1.0, 2_000.0, 2_000.0, np.nan])).bins
    shares = {label: share for label, _, share in bins}
    assert len(bins) == 11
    assert sum(before for _, before, _ in bins) == pytest.approx(1)
    assert shares["missing"] == 0.25
    assert shares[next(label for label in shares if label.startswith("above "))] == 0.5
    assert shares[next(label for label in shares if label.startswith("up to "))] == 0.25


def test_values_of_which_there_are_many_share_one_bar_and_none_is_lost() -> None:
    training = np.array([f"city {n % 40}" for n in range(4_000)], object)
    profile = describe("city", training, np.full(4_000, NO_WINDOW))
    bins = distribution_of(profile, np.array(["city 1"] * 3 + ["new"], object)).bins
    assert len(bins) == 12
    assert {label: share for label, _, share in bins}["city 1"] == 0.75
    for shares in list(zip(*bins, strict=True))[1:]:
        assert sum(shares) == pytest.approx(1)


def test_a_bar_is_as_long_as_its_share() -> None:
    plot = distribution("price", [("low", 0.5, 0.25), ("high", 0.5, 0.75)])
    assert 'width="50.0"' in plot
    assert 'width="150.0"' in plot
    assert "25%, was 50%" in plot
