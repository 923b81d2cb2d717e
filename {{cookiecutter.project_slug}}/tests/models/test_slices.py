import numpy as np

from {{ cookiecutter.__package }}.models.slices import cuts_of, ranges


def test_numbers_are_cut_at_their_quartiles() -> None:
    values = np.arange(1.0, 101)
    assert cuts_of(values) == [25, 50, 75]
    names, rows = np.unique(ranges(values, cuts_of(values)).astype(str), return_counts=True)
    assert set(names) == {"(-inf, 25]", "(25, 50]", "(50, 75]", "(75, inf)"}
    assert rows.tolist() == [25] * 4


def test_numbers_that_repeat_have_fewer_ranges() -> None:
    assert cuts_of(np.array([0.0] * 90 + [7.0] * 10)) == [0]
    assert cuts_of(np.full(5, 3.0)) == []
    assert set(ranges(np.full(5, 3.0), [])) == {"(-inf, inf)"}


def test_what_is_missing_has_a_part_of_its_own() -> None:
    nan = float("nan")
    assert cuts_of(np.array([1.0, 2.0, nan])) == [1]
    assert ranges(np.array([1.0, 2.0, nan]), [1]).tolist() == [
        "(-inf, 1]",
        "(1, inf)",
        "<missing>",
    ]
    assert cuts_of(np.full(3, nan)) == []


def test_a_number_on_a_cut_is_in_one_range_in_either_precision() -> None:
    values = np.array([0.1, 0.2, 0.3, 1 / 3, 1e7 + 1])
    cuts = cuts_of(values)
    assert ranges(values, cuts).tolist() == ranges(values.astype(np.float32), cuts).tolist()
    assert ranges(values, cuts)[1] == "(-inf, 0.2]"
