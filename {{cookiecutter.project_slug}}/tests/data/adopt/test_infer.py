"""What a column is taken for, by its values and its name."""

from collections.abc import Callable

import pytest

from {{ cookiecutter.__package }}.data.adopt.draft import Draft

from .conftest import column, doubted, some, source

Infer = Callable[..., Draft]
NUMBERS = [str(n) for n in range(400)]


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        (some("1", "2", "17"), "integer"),
        (some("1.0", "2.0"), "integer"),
        (some("1.5", "2", "1e3"), "float"),
        (some("Yes", "no", "TRUE"), "boolean"),
        (some("0", "1"), "integer"),
        (some("red", "blue"), "category"),
        (some("1", "2", "3+"), "category"),
        (some("2024-01-31", "2024-02-29 13:00:00"), "timestamp"),
        (some("2024-01-31T10:00:00+02:00", "2024-01-31T10:00:00Z"), "timestamp"),
    ],
)
def test_a_type_is_what_all_texts_are(infer: Infer, cells: list[str], kind: str) -> None:
    draft = infer(c=cells)
    assert (column(draft, "c").type, draft.contract.role("c")) == (kind, "feature")


@pytest.mark.parametrize(
    ("cells", "form"),
    [
        (some("31.01.2024", "1.2.2024"), "%d.%m.%Y"),
        (some("01/31/2024 11:00:00 PM", "02/01/2024 01:30:00 AM"), "%m/%d/%Y %I:%M:%S %p"),
        (some("31/01/2024 13:30", "01/02/2024 00:00"), "%d/%m/%Y %H:%M"),
        (some("1/31/24", "12/1/23"), "%m/%d/%y"),
        (some("31-Jan-2024", "01-Feb-2024"), "%d-%b-%Y"),
        (some("2024/01/31", "2024/2/1"), "%Y/%m/%d"),
        (some("2024-01-31 10:00:00 UTC", "2024-02-01 10:00:00 UTC"), "%Y-%m-%d %H:%M:%S UTC"),
        (some("Dec-2015", "Jan-2016"), "%b-%Y"),
        (some("20240131", "20231201"), "%Y%m%d"),
        (some("1700000000", "1700003600"), "epoch_s"),
        (some("1700000000000", "1700003600000"), "epoch_ms"),
    ],
)
def test_a_timestamp_in_another_form_is_said_on_the_source(
    infer: Infer, cells: list[str], form: str
) -> None:
    draft = infer(seen_date=cells)
    assert column(draft, "seen_date").type == "timestamp"
    assert source(draft.contract).formats == {"seen_date": form}


def test_numbers_are_times_only_by_their_name(infer: Infer) -> None:
    draft = infer(amount=some("20240131", "20231201", "20220101"))
    assert (column(draft, "amount").type, source(draft.contract).formats) == ("float", {})


def test_a_day_that_may_be_a_month_is_doubtful(infer: Infer) -> None:
    draft = infer(seen=some("01/02/2024", "03/04/2024"))
    assert doubted(draft, "`seen`", "day or the month first")
    assert not doubted(infer(seen=some("01/02/2024", "13/04/2024")), "first")


@pytest.mark.parametrize("blank", ["", " ", "NA", "nan", "NULL", "?", "-", "missing"])
def test_a_marker_among_numbers_means_that_a_value_is_missing(infer: Infer, blank: str) -> None:
    draft = infer(c=some("1.5", "2.5", blank))
    assert (column(draft, "c").type, column(draft, "c").nullable) == ("float", True)
    assert blank in source(draft.contract).missing


def test_a_dash_among_words_is_a_value(infer: Infer) -> None:
    draft = infer(c=some("red", "-", "unknown"))
    assert not column(draft, "c").nullable
    assert source(draft.contract).missing == ("",)


def test_few_texts_among_many_numbers_become_missing(infer: Infer) -> None:
    draft = infer(c=[*NUMBERS[:390], *["n. b."] * 10])
    found = column(draft, "c")
    assert (found.type, found.nullable, found.mode("type")) == ("float", True, "null")
    assert doubted(draft, "`c`", "10 values (2.50%)", "'n. b.'")


def test_zip_codes_act_like_categories(infer: Infer) -> None:
    draft = infer(zip_code=some("10001", "94110"), plot=some("007", "010"))
    assert {column(draft, name).type for name in ("zip_code", "plot")} == {"category"}
    assert doubted(draft, "`zip_code` looks like a number but acts like a category")
    assert doubted(draft, "`plot`", "leading zeros")


@pytest.mark.parametrize(
    ("cells", "why"),
    [
        ([""] * 400, "empty"),
        (["k"] * 400, "constant"),
        (["3"] * 400, "constant"),
        (NUMBERS, "counts the rows"),
        ([f"t-{n}" for n in range(400)], "names rows"),
        ([f"the note number {n} says a lot of words" for n in range(400)], "free text: 9 words"),
        ([f"{n},5" for n in range(400)], "numbers written as"),
    ],
)
def test_what_teaches_nothing_is_left_out_with_a_reason(
    infer: Infer, cells: list[str], why: str
) -> None:
    draft = infer(c=[f'"{cell}"' for cell in cells])
    assert draft.contract.role("c") == "excluded"
    assert why in str(column(draft, "c").why)


def test_a_constant_with_gaps_says_something(infer: Infer) -> None:
    draft = infer(c=some("pool", ""))
    assert (draft.contract.role("c"), column(draft, "c").nullable) == ("feature", True)


def test_a_high_cardinality_is_kept_where_values_come_back(infer: Infer) -> None:
    towns = some(*(f"town {n}" for n in range(60)), n=2000)
    streets = some(*(f"road {n}" for n in range(1900)), n=2000)
    draft = infer(town=towns, road=streets, y=some("yes", "no", n=2000), x=some("1", "2", n=2000))
    assert (draft.contract.role("town"), draft.contract.role("road")) == ("feature", "excluded")


def test_a_range_is_wider_than_the_values_and_keeps_zero(infer: Infer) -> None:
    draft = infer(
        age=[str(18 + n % 60) for n in range(400)], delta=[str(n % 60 - 30) for n in range(400)]
    )
    age, delta = column(draft, "age"), column(draft, "delta")
    assert (age.minimum, age.maximum) == (0, 92)
    assert (delta.minimum, delta.maximum) == (-45, 44)
    assert column(infer(few=some("1", "2")), "few").minimum is None


def test_integers_that_float32_cannot_tell_apart_are_floats(infer: Infer) -> None:
    draft = infer(c=[str(n * 100_003) for n in range(400)])
    assert column(draft, "c").type == "float"
    assert doubted(draft, "`c`", "2^24")


def test_personal_values_stay_in_the_etl(infer: Infer) -> None:
    draft = infer(
        contact=[f"u{n}@example.org" for n in range(400)],
        phone=[f"+49 30 {n + 1000}" for n in range(400)],
        first_name=[f"N{n}" for n in range(400)],
        phone_service=some("yes", "no"),
    )
    tagged = [name for name, one in draft.contract.columns.items() if one.pii]
    assert tagged == ["contact", "phone", "first_name"]
    assert doubted(draft, "`contact` looks personal")


def test_an_id_is_a_complete_unique_column_with_such_a_name(infer: Infer) -> None:
    draft = infer(order_id=[f"o-{n}" for n in range(400)])
    assert (draft.contract.id, source(draft.contract).repeats) == ("order_id", "drop")
    repeated = infer(order_id=[f"o-{n % 390}" for n in range(400)])
    assert (repeated.contract.id, source(repeated.contract).repeats) == (None, "keep")


def test_rows_of_one_customer_in_training_and_test_are_doubtful(infer: Infer) -> None:
    draft = infer(customer_id=[str(n % 40) for n in range(400)])
    assert doubted(draft, "`customer_id`", "by: group, group: customer_id")


def test_what_alone_predicts_the_target_is_excluded(infer: Infer) -> None:
    y = some("yes", "no")
    closed = ["2024-01-01" if one == "yes" else "" for one in y]
    draft = infer(y=y, closed_on=closed)
    assert (column(draft, "closed_on").leaks, draft.contract.features) == (True, ("x",))
    assert doubted(draft, "`closed_on` alone predicts `y`: a leak?")


def test_the_only_feature_is_not_excluded_as_a_leak(infer: Infer) -> None:
    y = some("yes", "no")
    draft = infer(y=y, x=["1.5" if one == "yes" else "0" for one in y])
    assert draft.contract.features == ("x",)
    assert doubted(draft, "`x` alone predicts `y`")


def test_nearly_equal_columns_are_doubtful(infer: Infer) -> None:
    net = [str(n * 7 % 150) for n in range(400)]
    draft = infer(net=net, gross=[f"{float(one) * 1.19:.2f}" for one in net])
    assert doubted(draft, "`net` is almost `gross`")
