from collections.abc import Callable
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest

from {{ cookiecutter.__package }}.models.profile import (
    ColumnProfile,
    describe,
)
from {{ cookiecutter.__package }}.monitoring.decision import compare, p_value
from {{ cookiecutter.__package }}.monitoring.finding import Finding

REFERENCE = 20_000
WINDOWS = 14
MIN_ROWS, THRESHOLD = 50, 0.1
Column = npt.NDArray[np.float64]
NORMAL = np.random.default_rng(3).normal(size=300)


def described(column: npt.NDArray[np.generic]) -> ColumnProfile:
    return describe("x", column, np.arange(len(column)) * WINDOWS // len(column))


def is_breached(profiles: list[ColumnProfile], random: np.random.Generator, n_rows: int) -> bool:
    """Whether any of some columns that did not change breaches in a window."""
    columns = [random.normal(size=n_rows) for _ in profiles]
    found = compare("data_drift", profiles, columns, THRESHOLD, MIN_ROWS)
    return any(finding.breach for finding in found)


@pytest.fixture(scope="module")
def one() -> ColumnProfile:
    return described(np.random.default_rng(1).normal(size=REFERENCE))


def judge(
    profile: ColumnProfile, column: npt.NDArray[np.generic], threshold: float = THRESHOLD
) -> list[Finding]:
    """What decides of a column."""
    return compare("data_drift", [profile], [column], threshold, MIN_ROWS)


def breaches(profile: ColumnProfile, column: npt.NDArray[np.generic]) -> bool:
    return any(finding.breach for finding in judge(profile, column))


@pytest.mark.parametrize(
    ("n_rows", "n_windows", "n_columns"),
    [
        (50, 20, 5),
        *(
            pytest.param(n, k, 50, marks=pytest.mark.slow)
            for n, k in ((50, 300), (300, 300), (3_000, 100), (100_000, 20), (1_000_000, 2))
        ),
    ],
)
def test_columns_that_did_not_change_are_calm(n_rows: int, n_windows: int, n_columns: int) -> None:
    random = np.random.default_rng(n_rows)
    profiles = [described(random.normal(size=REFERENCE)) for _ in range(n_columns)]
    assert sum(is_breached(profiles, random, n_rows) for _ in range(n_windows)) <= 0.01 * n_windows


def test_a_hundredth_of_a_deviation_is_no_drift_however_many_rows_prove_it(
    one: ColumnProfile,
) -> None:
    random = np.random.default_rng(2)
    assert not breaches(one, random.normal(0.01, 1, 1_000_000))
    assert judge(one, random.normal(0.05, 1, 1_000_000))[0].p_value < 1e-6  # type: ignore[operator]


@pytest.mark.parametrize(
    ("n_rows", "n_trials"),
    [(300, 40), *(pytest.param(n, 400, marks=pytest.mark.slow) for n in (300, 1_000, 10_000))],
)
def test_half_a_deviation_is_found_in_the_first_window(
    one: ColumnProfile, n_rows: int, n_trials: int
) -> None:
    random = np.random.default_rng(n_rows)
    found = [breaches(one, random.normal(0.5, 1, n_rows)) for _ in range(n_trials)]
    assert sum(found) >= 0.95 * n_trials


@pytest.mark.slow
@pytest.mark.parametrize("n_reference", [300, 1_000])
def test_a_small_reference_does_not_cry_wolf(n_reference: int) -> None:
    """Its own chance is in every window; it counts as the window's does."""
    random = np.random.default_rng(n_reference)
    breached = 0
    for _ in range(40):
        profiles = [described(random.normal(size=n_reference)) for _ in range(20)]
        breached += is_breached(profiles, random, 20_000)
    assert breached <= 1


Change = Callable[[Column], Column]
FAULTS: dict[str, tuple[Change, str]] = {
    "half missing": (lambda x: np.where(np.arange(len(x)) % 2 == 0, np.nan, x), "50% of values"),
    "all missing": (lambda x: np.full_like(x, np.nan), "100% of values are missing"),
    "another unit": (lambda x: x * 100, "times as large, as in another unit"),
    "a smaller unit": (lambda x: x / 100, "times as small, as in another unit"),
    "constant": (np.zeros_like, "every value is 0, in training they differed"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_sudden_faults_are_told_at_once(one: ColumnProfile, fault: str) -> None:
    change, told = FAULTS[fault]
    for n_rows in (MIN_ROWS, 300):
        found = judge(one, change(NORMAL[:n_rows]))
        assert any(f.breach and told in f.sudden for f in found)


def test_more_of_the_small_values_of_two_kinds_are_no_other_unit() -> None:
    random = np.random.default_rng(12)

    def two_kinds(n_rows: int, small: float) -> Column:
        return np.where(random.random(n_rows) < small, 0.01, 0.99) * random.uniform(0.9, 1, n_rows)

    profile = described(two_kinds(REFERENCE, 0.4))
    found, *_ = judge(profile, two_kinds(100, 0.6))
    assert not found.sudden
    found, *_ = judge(profile, two_kinds(100, 0.6) * 60)
    assert "as in another unit" in found.sudden


SHARES = (0.5, 0.3, 0.2)
CATEGORIES = [
    (SHARES, 0, False, ""),
    ((0.2, 0.3, 0.5), 0, True, ""),
    (SHARES, 0.3, True, "new category 'new' in 29%"),
    (SHARES, 0.02, False, ""),
    ((1, 0, 0), 0, True, "every value is 'a'"),
]


@pytest.mark.parametrize(("shares", "new", "breach", "told"), CATEGORIES)
def test_other_shares_breach_and_a_new_category_in_force_or_one_alone_is_sudden(
    shares: tuple[float, ...], new: float, breach: bool, told: str
) -> None:
    random, names = np.random.default_rng(5), np.array(["a", "b", "c"], object)
    profile = described(random.choice(names, REFERENCE, p=SHARES))
    column = random.choice(names, 500, p=shares)
    column[random.random(500) < new] = "new"
    (found,) = judge(profile, column)
    assert (found.measure, found.breach) == ("total_variation", breach)
    assert found.sudden.startswith(told)
    assert bool(found.sudden) == bool(told)
    assert not judge(replace(profile, had_constant_window=True), np.full(100, "a", object))[
        0
    ].sudden


def test_a_shift_is_a_breach_only_above_both_limits_and_is_not_sudden(one: ColumnProfile) -> None:
    shifted = np.random.default_rng(5).normal(0.5, 1, 3_000)
    found = judge(one, shifted)[0]
    assert (found.breach, found.sudden) == (True, "")
    assert found.low is not None
    assert found.low <= found.value
    again = judge(replace(one, reference_range=found.value), shifted)[0]
    assert (again.breach, again.limit) == (False, found.value)
    large = judge(one, shifted, threshold=10)[0]
    assert (large.breach, large.limit) == (False, 10)


def test_p_values_of_equal_distributions_are_small_as_often_as_they_say() -> None:
    random = np.random.default_rng(11)
    shares = np.array([0.4, 0.3, 0.2, 0.08, 0.015, 0.004, 0.001])
    reference = random.multinomial(5_000, shares).astype(float)
    found = [p_value(reference, random.multinomial(60, shares).astype(float)) for _ in range(1_000)]
    assert np.mean(np.array(found) < 0.05) < 0.075
    assert np.mean(np.array(found) < 0.001) < 0.005
