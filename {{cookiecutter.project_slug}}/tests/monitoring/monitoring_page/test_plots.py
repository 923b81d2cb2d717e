from {{ cookiecutter.__package }}.monitoring.finding import Finding
from {{ cookiecutter.__package }}.monitoring.monitoring_page.plots import (
    Point,
    timeline,
)

NAMES = ["1 Jan", "8 Jan", "15 Jan", "22 Jan", "29 Jan"]


def point(window: int, value: float, *, version: int = 1, breach: bool = False) -> Point:
    """A window's value, with a limit of 0.2."""
    one = Finding(
        kind="k", subject="s", measure="auc", value=value, limit=0.2, rows=9, breach=breach
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
