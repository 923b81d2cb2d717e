import re

import pytest

from {{ cookiecutter.__package }}.monitoring.monitoring_page.draw import (
    Line,
    Point,
    figure,
    shape,
    ticks,
    timeline,
)
from {{ cookiecutter.__package }}.monitoring.monitoring_page.shapes import (
    Shape,
)

NAMES = ["1 Jan", "8 Jan", "15 Jan", "22 Jan", "29 Jan"]


@pytest.mark.parametrize(
    ("values", "expected"),
    [([0.61, 0.72], [0.6, 0.65, 0.7, 0.75]), ([3.0, 48.0], [0.0, 20.0, 40.0, 60.0])],
)
def test_ticks_are_round_and_enclose_the_values(values: list[float], expected: list[float]) -> None:
    assert ticks(values, floor=0.0) == expected


@pytest.mark.parametrize("value", [0.0, 1e-12, 0.97, 1.0, 123_456.0])
def test_a_line_that_never_moves_has_ticks_around_it(value: float) -> None:
    found = ticks([value, value], floor=0.0)
    assert found[0] <= value <= found[-1]
    assert found[0] >= 0
    assert 2 <= len(found) <= 8


def test_shares_stay_within_all_and_nothing() -> None:
    found = ticks([0.02, 0.99], floor=0.0, ceiling=1.0)
    assert (found[0], found[-1]) == (0.0, 1.0)


def test_a_line_breaks_where_a_window_was_not_judged() -> None:
    points = [Point(at=at, value=0.5 + at / 10, told=f"at {at}") for at in (0, 1, 3, 4)]
    drawn = timeline("AUC", [Line(name="version 1", points=points)], NAMES, "")
    assert len(re.findall('class="line"', drawn)) == 2
    assert re.findall("<title>(.*?)</title>", drawn) == ["at 0", "at 1", "at 3", "at 4"]


def test_what_is_beyond_its_limit_has_another_form_than_what_is_not() -> None:
    points = [Point(at=0, value=0.1, limit=0.2), Point(at=1, value=0.3, limit=0.2, breach=True)]
    drawn = timeline("drift", [Line(name="version 1", points=points)], NAMES, "")
    assert drawn.count("<circle") == drawn.count('class="beyond"') == 1
    assert "limit 0.200" in drawn


def test_a_window_alone_is_a_dot() -> None:
    drawn = timeline("x", [Line(name="v", points=[Point(at=0, value=0.0)])], NAMES[:1], "ms")
    assert drawn.count("<circle") == 1


def test_bars_are_as_tall_as_shares_and_missing_stands_apart() -> None:
    found = Shape(
        column="price",
        edges=(1.0, 2.0),
        values=(),
        training=(0.25, 0.25, 0.25, 0.25),
        window=(0.5, 0.25, 0.0, 0.25),
    )
    drawn = shape("price", found)
    heights = [float(h) for h in re.findall(r'height="([\d.]+)"/>', drawn)]
    assert heights == [2 * heights[1], heights[1], 0.0, heights[1]]
    assert "up to 1.00: 50 % of rows, in training 25 %" in drawn
    assert "missing: 25 % of rows" in drawn


def test_of_many_values_the_rest_is_one_bar() -> None:
    values = tuple(f"city {number}" for number in range(30))
    shares = (*(0.03 for _ in values), 0.08, 0.02)
    found = Shape(column="city", edges=(), values=values, training=shares, window=shares)
    drawn = shape("city", found)
    assert drawn.count("<rect") == 6
    assert "27 others: 85 % of rows, in training 85 %" in drawn


@pytest.mark.parametrize(
    ("value", "unit", "expected"),
    [
        (0.7123, "", "0.712"),
        (0.031, "%", "3.1 %"),
        (0.4, "%", "40 %"),
        (0.0004, "%", "0.04 %"),
        (12.5, "ms", "12.5 ms"),
        (-0.02, "", "−0.0200"),
    ],
)
def test_a_figure_has_its_unit(value: float, unit: str, expected: str) -> None:
    assert figure(value, unit) == expected
