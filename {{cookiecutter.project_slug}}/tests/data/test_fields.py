"""A record to its fields, and back."""

import numpy as np
import pytest

from {{ cookiecutter.__package }}.data.fields import join, split

# a record → its fields, delimited by commas and quoted by "
RECORDS = {
    "": [""],
    ",": ["", ""],
    "a,b": ["a", "b"],
    '"a,b",c': ["a,b", "c"],
    '"say ""hi""",""': ['say "hi"', ""],
    '""""': ['"'],
    '5" pipe,6""': ['5" pipe', '6""'],
    '"two\nlines",\r': ["two\nlines", "\r"],
    ' "a"': [' "a"'],
    "é,日本": ["é", "日本"],
}


@pytest.mark.parametrize("record", RECORDS)
def test_a_record_is_its_fields(record: str) -> None:
    assert split(record, ",", '"') == RECORDS[record]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|", "^", "]", "-", "\\", " ", "x"])
@pytest.mark.parametrize("quote", ['"', "'", "$", "["])
def test_fields_are_found_again_whatever_is_in_them(delimiter: str, quote: str) -> None:
    alphabet = ["a", delimiter, quote, "\n", "\r", "1", "é"]
    for seed in range(20):
        source = np.random.default_rng(seed)
        cells = ["".join(alphabet[i] for i in source.integers(7, size=n)) for n in range(6)]
        assert split(join(cells, delimiter, quote), delimiter, quote) == cells


def test_without_quotes_a_record_is_parted_at_every_delimiter() -> None:
    assert split('"a;b";c', ";", None) == ['"a', 'b"', "c"]
    assert join(['"a', 'b"', "c"], ";", None) == '"a;b";c'


def test_only_fields_that_need_quotes_get_them() -> None:
    assert join(["a b", "c,d", 'e"f', "g\nh", ""], ",", '"') == 'a b,"c,d","e""f","g\nh",'


def test_a_long_field_is_split_like_others() -> None:
    long = '"x' * 500_000
    assert split(join([long, "b"], ",", '"'), ",", '"') == [long, "b"]
