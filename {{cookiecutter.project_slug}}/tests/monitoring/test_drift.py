import numpy as np
import numpy.typing as npt
import pytest

from {{ cookiecutter.__package }}.config import MonitorConfig
from {{ cookiecutter.__package }}.models.profile import (
    ColumnProfile,
    Counts,
    describe,
)
from {{ cookiecutter.__package }}.monitoring.drift import (
    Finding,
    compare,
    persistent,
)

REFERENCE = 20_000
WINDOWS = 14
Column = npt.NDArray[np.float64]


def config(**settings: object) -> MonitorConfig:
    return MonitorConfig.model_validate({"min_rows": 50, **settings})


def profiles_of(columns: dict[str, Column]) -> list[ColumnProfile]:
    windows = np.arange(REFERENCE) * WINDOWS // REFERENCE
    return [describe(name, column, windows) for name, column in columns.items()]


def normals(random: np.random.Generator, n_columns: int, n_rows: int) -> dict[str, Column]:
    return {f"x{index}": random.normal(size=n_rows) for index in range(n_columns)}


def counted(
    profiles: list[ColumnProfile], windows: list[dict[str, Column]]
) -> dict[str, dict[str, Counts]]:
    return {
        f"w{number}": {p.name: p.count(columns[p.name]) for p in profiles}
        for number, columns in enumerate(windows)
    }


@pytest.fixture(scope="module")
def one() -> list[ColumnProfile]:
    return profiles_of(normals(np.random.default_rng(1), 1, REFERENCE))


def judge(
    profiles: list[ColumnProfile], *windows: Column, settings: MonitorConfig | None = None
) -> list[Finding]:
    counts = counted(profiles, [{"x0": window} for window in windows])
    return compare(profiles, REFERENCE, counts, settings or config())


@pytest.mark.parametrize(
    "n_rows", [50, *(pytest.param(n, marks=pytest.mark.slow) for n in (300, 3_000))]
)
def test_fifty_columns_that_did_not_change_are_calm(n_rows: int) -> None:
    random = np.random.default_rng(n_rows)
    profiles = profiles_of(normals(random, 50, REFERENCE))
    windows = [normals(random, 50, n_rows) for _ in range(20)]
    found = compare(profiles, REFERENCE, counted(profiles, windows), config())
    assert len(found) == 20 * 50
    assert not [finding for finding in found if finding.alert]
    breached = {finding.window for finding in found if finding.breach}
    assert len(breached) <= 1  # the bound is 1 % of windows; one of twenty may breach by chance


def test_a_hundredth_of_a_deviation_is_no_drift_however_many_rows_prove_it(
    one: list[ColumnProfile],
) -> None:
    values = np.random.default_rng(2).normal(0.01, 1, 1_000_000)
    (found,) = judge(one, values)
    assert found.breach is False


@pytest.mark.parametrize("n_rows", [300, 1_000, 10_000])
def test_half_a_deviation_is_found_within_three_windows(
    one: list[ColumnProfile], n_rows: int
) -> None:
    random = np.random.default_rng(n_rows)
    trials = 60
    windows = [random.normal(0.5, 1, n_rows) for _ in range(3 * trials)]
    breaches = [finding.breach for finding in judge(one, *windows)]
    alerted = 0
    for first in range(0, 3 * trials, 3):
        last = breaches[first : first + 3]
        alerted += persistent(last[:2], (2, 3)) or persistent(last, (2, 3))
    assert alerted >= 0.95 * trials


@pytest.mark.parametrize(
    "change",
    [
        lambda x: np.where(np.arange(len(x)) % 2 == 0, np.nan, x),
        lambda x: x * 100,
        np.zeros_like,
        lambda x: np.full_like(x, np.nan),
    ],
    ids=["half missing", "another unit", "constant", "all missing"],
)
def test_gross_faults_breach_at_once(one: list[ColumnProfile], change: object) -> None:
    assert callable(change)
    (found,) = judge(one, change(np.random.default_rng(3).normal(size=300)))
    assert found.breach


def test_a_category_in_other_shares_breaches_and_in_equal_ones_does_not() -> None:
    random = np.random.default_rng(4)

    def draw(n_rows: int, *shares: float) -> npt.NDArray[np.object_]:
        return random.choice(np.array(["a", "b", "c"], object), n_rows, p=shares)

    profiles = [describe("x0", draw(REFERENCE, 0.5, 0.3, 0.2), np.arange(REFERENCE) // 2_000)]
    same, other = draw(500, 0.5, 0.3, 0.2), draw(500, 0.2, 0.3, 0.5)
    new = np.where(random.random(500) < 0.3, "new", same).astype(object)
    counts = {
        name: {"x0": profiles[0].count(column)}
        for name, column in (("same", same), ("other", other), ("new", new))
    }
    found = compare(profiles, REFERENCE, counts, config())
    assert [finding.breach for finding in found] == [False, True, True]


def test_what_is_ordinary_in_training_is_no_breach(one: list[ColumnProfile]) -> None:
    shifted = np.random.default_rng(5).normal(0.5, 1, 3_000)
    (found,) = judge(one, shifted)
    assert found.breach
    assert found.low <= found.effect
    wide = [ColumnProfile(**{**one[0].__dict__, "ordinary": found.effect})]
    (again,) = judge(wide, shifted)
    assert (again.breach, again.limit) == (False, found.effect)


def test_a_column_that_moved_from_week_to_week_in_training_has_a_wider_limit() -> None:
    random = np.random.default_rng(6)
    weeks = np.arange(REFERENCE) * WINDOWS // REFERENCE
    calm = random.normal(size=REFERENCE)
    moving = calm + np.sin(weeks)
    ordinary = [describe("x", column, weeks).ordinary for column in (calm, moving)]
    assert ordinary[0] < 0.1 < ordinary[1]


def test_a_shift_below_the_least_effect_is_no_breach(one: list[ColumnProfile]) -> None:
    shifted = np.random.default_rng(7).normal(0.5, 1, 3_000)
    (found,) = judge(one, shifted, settings=config(min_effect=10))
    assert (found.breach, found.limit) == (False, 10)


def test_a_window_with_too_few_rows_is_not_judged(one: list[ColumnProfile]) -> None:
    shifted = np.random.default_rng(8).normal(5, 1, 49)
    assert judge(one, shifted) == []
    assert judge(one, np.append(shifted, 5.0))[0].breach


@pytest.mark.parametrize(
    ("breaches", "k_of_m", "alert"),
    [
        ([], (1, 1), False),
        ([True], (1, 1), True),
        ([True], (2, 3), False),
        ([True, True], (2, 3), True),
        ([True, False, True], (2, 3), True),
        ([True, True, False], (2, 3), False),
        ([True, False, False, True], (2, 3), False),
        ([True, True, True, False], (1, 3), False),
        ([False, True, True, True], (3, 3), True),
    ],
)
def test_an_alert_needs_k_of_the_last_m_windows_and_the_newest(
    breaches: list[bool], k_of_m: tuple[int, int], alert: bool
) -> None:
    assert persistent(breaches, k_of_m) is alert


def test_only_the_newest_window_can_alert(one: list[ColumnProfile]) -> None:
    random = np.random.default_rng(9)
    shifts = (0, 2, 2, 0, 2)
    found = judge(one, *(random.normal(shift, 1, 500) for shift in shifts))
    assert [finding.breach for finding in found] == [False, True, True, False, True]
    assert [finding.alert for finding in found] == [False, False, False, False, True]
    calm = judge(one, *(random.normal(shift, 1, 500) for shift in (2, 2, 0)))
    assert not any(finding.alert for finding in calm)


def test_the_same_counts_give_the_same_findings(one: list[ColumnProfile]) -> None:
    values = np.random.default_rng(10).normal(0.3, 1, 400)
    assert judge(one, values, values) == judge(one, values, values)


def test_nothing_served_is_no_finding(one: list[ColumnProfile]) -> None:
    assert compare(one, REFERENCE, {}, config()) == []


def test_a_newest_window_with_too_few_rows_silences_no_alert(one: list[ColumnProfile]) -> None:
    random = np.random.default_rng(5)
    far = [random.normal(2, 1, 1_000) for _ in range(3)]
    found = judge(one, *far, random.normal(2, 1, 20))
    assert [finding.alert for finding in found] == [False, False, True]
