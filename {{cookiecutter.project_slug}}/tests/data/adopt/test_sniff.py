"""How a file is written is found once, and said in the contract."""

import gzip
from pathlib import Path

import pytest

from {{ cookiecutter.__package }}.data.adopt.sniff import sniff
from {{ cookiecutter.__package }}.errors import DataError

ROWS = [["name", "amount", "note"], *([f"Zoë {n}", f"{n}", "a"] for n in range(50))]


def written(tmp_path: Path, delimiter: str = ",", encoding: str = "utf-8") -> Path:
    path = tmp_path / "table.csv"
    path.write_bytes("".join(delimiter.join(row) + "\n" for row in ROWS).encode(encoding))
    return path


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_the_one_that_stands_equally_often_in_each_line(
    tmp_path: Path, delimiter: str
) -> None:
    assert sniff(written(tmp_path, delimiter), "t.csv").delimiter == delimiter


@pytest.mark.parametrize(
    ("written_in", "found"),
    [("utf-8", "utf-8"), ("utf-8-sig", "utf-8"), ("latin-1", "latin-1"), ("utf-16", "utf-16")],
)
def test_the_encoding_is_that_of_all_bytes(tmp_path: Path, written_in: str, found: str) -> None:
    assert sniff(written(tmp_path, encoding=written_in), "t.csv").encoding == found


def test_a_damaged_byte_does_not_make_utf_8_another_encoding(tmp_path: Path) -> None:
    path = written(tmp_path)
    path.write_bytes(path.read_bytes() + b"\xff,1,a\n")
    assert sniff(path, "t.csv").encoding == "utf-8"


def test_decimal_commas_are_no_delimiters(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("a;b;c\n" + "1,5;2,5;3,5\n" * 20)
    assert sniff(path, "t.csv").delimiter == ";"


def test_delimiters_inside_quotes_do_not_count(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text('a,b\n"x, y, z",1\n"x\ny",2\nplain,3\n' * 1)
    found = sniff(path, "t.csv")
    assert (found.delimiter, found.quote) == (",", '"')


def test_single_quotes_around_every_field_are_quotes(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("a,b\n" + "'x, y','1'\n'z','2'\n" * 20)
    assert sniff(path, "t.csv").quote == "'"


def test_an_apostrophe_is_no_quote(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("a,b\n" + "it's,1\n'tis,2\n" * 20)
    assert sniff(path, "t.csv").quote == '"'


def test_a_gzipped_file_is_sniffed_as_what_it_holds(tmp_path: Path) -> None:
    path = tmp_path / "t.csv.gz"
    path.write_bytes(gzip.compress(b"a;b\n" + b"1;2\n" * 20))
    assert sniff(path, "t.csv.gz").delimiter == ";"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a\n1\n2\n", "no two columns"),
        ("a,b\n" + "1,2,3\n" * 9, "has 2 fields, but most have 3"),
        ("Sales\n\na,b\n" + "1,2\n" * 9, "above the names"),
    ],
)
def test_what_is_no_table_is_refused(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "t.csv"
    path.write_text(text)
    with pytest.raises(DataError, match=words):
        sniff(path, "t.csv")
