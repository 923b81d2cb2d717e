import numpy as np
import pytest

from {{ cookiecutter.__package }}.models.profile import (
    TOP_CATEGORIES,
    ColumnProfile,
    describe,
)
from {{ cookiecutter.__package }}.values import MISSING_CATEGORY

NAN = float("nan")
THOUSAND = [float(i) for i in range(1000)]


def profile_of(values: list[float] | list[str], n_windows: int = 1) -> ColumnProfile:
    column = np.array(values, object if isinstance(values[0], str) else np.float32)
    return describe("x", column, np.arange(len(values)) * n_windows // len(values))


def shares(profile: ColumnProfile) -> tuple[float, ...]:
    few = profile.fold(np.array(profile.counts))
    return tuple((few / few.sum()).tolist())


def test_a_number_has_ten_equal_shares_and_its_missing_ones() -> None:
    profile = profile_of([*THOUSAND, *[NAN] * 250])
    assert shares(profile) == pytest.approx([0.08] * 10 + [0.2], abs=0.001)
    assert profile.edges[0] == pytest.approx(99.9)
    assert shares(profile_of([5.0, 5.0, NAN, 5.0])) == (0.75, 0.0, 0.25)
    assert shares(profile_of([NAN, NAN])) == (0.0, 1.0)
    counts = profile.fold(profile.tally(np.array([-1e30, 1e30, 1e30, NAN], np.float32)))
    assert [counts[0], counts[-2], counts[-1], counts.sum()] == [1.0, 2.0, 1.0, 4.0]


def test_a_category_has_its_most_frequent_values_then_others_and_missing() -> None:
    few = profile_of(["b"] * 5 + ["a"] * 3 + [MISSING_CATEGORY] * 2)
    assert (few.values, shares(few)) == (("b", "a"), (0.5, 0.3, 0.0, 0.2))
    assert few.tally(np.array(["a", "new", "newer"], object)).tolist() == [0, 1, 2, 0]
    many = profile_of([f"value-{i}" for i in range(200)] + ["often"] * 50)
    assert (len(shares(many)), many.values[0]) == (TOP_CATEGORIES + 2, "often")
    assert len(many.values) == 201  # all are known, so that a new one is told from a rare one
    assert shares(many)[-2] == pytest.approx((200 - TOP_CATEGORIES + 1) / 250)


def test_a_span_whose_windows_differ_has_a_wider_reference_range() -> None:
    still = np.random.default_rng(0).normal(size=4000)
    moving = still + np.repeat([0.0, 1.0, -1.0, 0.5], 1000)
    narrow, wide = (profile_of(values.tolist(), 4).reference_range for values in (still, moving))
    assert narrow < 0.1
    assert wide > 0.5
