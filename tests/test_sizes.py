"""What is left with an owner does not grow, and every finished room keeps its budget."""

from __future__ import annotations

import re
import tomllib

import pytest
from rendering import TEMPLATE, BakedProject, answers_of_options, render
from sizes import RECORD, Sizes, measure

GROWING_IS_GOOD = {"docstring_lines"}
# Lines, by owner and number: of what is finished, each with its budget.
BUDGETS: dict[tuple[str, str], int] = {
    **{(option, "src_lines"): 350 for option in answers_of_options()},
    ("adopt", "src_lines"): 1_200,
    ("adopt", "tests_lines"): 1_000,
}


@pytest.fixture(scope="module")
def sizes(tmp_path_factory: pytest.TempPathFactory) -> Sizes:
    """Return the numbers of the template as it stands."""
    return measure(render(tmp_path_factory.mktemp("sizes") / "out", options="all"))


def test_no_number_is_larger_than_at_the_last_landing(sizes: Sizes) -> None:
    recorded = tomllib.loads(RECORD.read_text("utf-8"))
    grown = {
        f"{owner}, {what}": (recorded.get(owner, {}).get(what, 0), number)
        for owner, numbers in sizes.items()
        for what, number in numbers.items()
        if what not in GROWING_IS_GOOD and number > recorded.get(owner, {}).get(what, 0)
    }

    assert grown == {}, "where it has to: make sizes ARGS=--write, with the reason in the commit"


def test_every_finished_room_keeps_its_budget(sizes: Sizes) -> None:
    over = {
        place: (sizes[place[0]][place[1]], budget)
        for place, budget in BUDGETS.items()
        if sizes[place[0]].get(place[1], 0) > budget
    }

    assert over == {}


def test_the_readme_says_what_is_left_with_an_owner(sizes: Sizes) -> None:
    page = (TEMPLATE / "README.md").read_text("utf-8")
    section = page.partition("## How much code you will own")[2].partition("Black")[0]
    said = [int(number.replace(",", "")) for number in re.findall(r"\b\d[\d,]*\b", section)]
    numbers = ("src_lines", "modules", "tests_lines")
    counted = [sizes[owner][number] for owner in ("core", "adopt") for number in numbers]

    assert said == pytest.approx(counted, rel=0.02, abs=1)


def test_one_line_in_twelve_explains(sizes: Sizes) -> None:
    for owner in ("core", "adopt"):
        assert sizes[owner]["docstring_lines"] >= 0.08 * sizes[owner]["src_lines"]


def test_what_belongs_to_nobody_is_counted(sizes: Sizes, default: BakedProject) -> None:
    lines = sum(
        content.count(b"\n")
        for path, content in default.files().items()
        if path.startswith("src/") and path.endswith(".py")
    )
    counted = sum(sizes[name]["src_lines"] for name in ("core", "adopt", "report"))

    assert 0.9 * lines < counted < 1.1 * lines
