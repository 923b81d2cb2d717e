"""Files found by name or pattern, and their bytes as plain text."""

import gzip
import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from {{ cookiecutter.__package }}.atomic import pointed
from {{ cookiecutter.__package }}.data import records
from {{ cookiecutter.__package }}.data.files import (
    PART,
    fingerprint,
    matching,
    opened,
)
from {{ cookiecutter.__package }}.errors import DataError

from .conftest import Shop, changed, orders, text_of, with_source

TEXT = "a,b\n1,é\n" * 50


def packed(raw: bytes) -> bytes:
    return gzip.compress(raw, mtime=0)


def content(path: Path, encoding: str = "utf-8", size: int = 16) -> bytes:
    """All that is read of a file, so many bytes at a time."""
    found = b""
    with opened(path, encoding) as file:
        while block := file.read(size):
            found += block
    return found


def written(folder: Path, raw: bytes, name: str = "file.csv") -> Path:
    (folder / name).write_bytes(raw)
    return folder / name


SAME = [
    ("utf-8", TEXT.encode()),
    ("utf-8", b"\xef\xbb\xbf" + TEXT.encode()),
    ("utf-8", packed(TEXT.encode())),
    ("utf-8", packed(b"\xef\xbb\xbf" + TEXT.encode())),
    ("utf-8", packed(TEXT[:100].encode()) + packed(TEXT[100:].encode())),
    ("utf-16", TEXT.encode("utf-16")),
    ("utf-16", "\ufeff".encode("utf-16-be") + TEXT.encode("utf-16-be")),
    ("utf-16", packed(TEXT.encode("utf-16"))),
]


@pytest.mark.parametrize(("encoding", "raw"), SAME)
@pytest.mark.parametrize("size", [3, 64, 1 << 20])
def test_a_text_is_the_same_however_it_is_kept(
    tmp_path: Path, encoding: str, raw: bytes, size: int
) -> None:
    assert content(written(tmp_path, raw), encoding, size).decode() == TEXT


def test_a_mark_inside_a_file_is_a_character(tmp_path: Path) -> None:
    raw = b"a\n\xef\xbb\xbf1\n"
    assert content(written(tmp_path, raw)) == raw


def test_what_tells_gzip_is_the_content_and_not_the_name(tmp_path: Path) -> None:
    assert content(written(tmp_path, packed(b"a\n"), "packed.csv")) == b"a\n"
    assert content(written(tmp_path, b"a\n", "plain.csv.gz")) == b"a\n"


def test_an_empty_file_has_no_bytes(tmp_path: Path) -> None:
    for raw in (b"", b"\xef\xbb\xbf", packed(b"")):
        assert content(written(tmp_path, raw)) == b""
    assert content(written(tmp_path, b"\xff\xfe"), "utf-16") == b""


PACKED = packed(bytes(range(256)) * 200)
DAMAGED = [
    ("utf-8", PACKED[: len(PACKED) // 2], "is a damaged or cut off gzip file"),
    ("utf-8", PACKED[:5], "is a damaged or cut off gzip file"),
    ("utf-8", PACKED[:-8] + b"\0" * 8, "is a damaged or cut off gzip file"),
    ("utf-8", PACKED[:60] + b"\xff" * 40 + PACKED[100:], "is a damaged or cut off gzip file"),
    ("utf-8", PACKED + b"and more", "is a damaged or cut off gzip file"),
    ("utf-16", "a,b\n".encode("utf-16-le"), "is not utf-16: .*BOM; set the source's encoding"),
    ("utf-16", "a,b\n".encode("utf-16") + b"x", "is not utf-16: .*; set the source's encoding"),
    ("utf-16", "a".encode("utf-16") + b"\x00\xdc", "is not utf-16: .*; set the source's encoding"),
]


@pytest.mark.parametrize(("encoding", "raw", "message"), DAMAGED)
def test_a_damaged_file_is_told_with_its_name(
    tmp_path: Path, encoding: str, raw: bytes, message: str
) -> None:
    with pytest.raises(DataError, match=rf"file\.csv' {message}"):
        content(written(tmp_path, raw), encoding)


def test_a_file_that_cannot_be_opened_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"gone\.csv' cannot be read: No such file"):
        content(tmp_path / "gone.csv")


def test_a_pattern_names_its_files_in_order(tmp_path: Path) -> None:
    for name in ("b.csv", "a.csv", "c.txt", ".d.csv"):
        written(tmp_path, b"", name)
    (tmp_path / "e.csv").mkdir()
    written(tmp_path / "e.csv", b"", "f.csv")
    assert [path.name for path in matching(str(tmp_path / "*.csv"))] == ["a.csv", "b.csv"]
    deep = matching(str(tmp_path / "**" / "**" / "*.csv"))
    assert [path.name for path in deep] == ["a.csv", "b.csv", "f.csv"]


@pytest.mark.parametrize("name", ["f[1].csv", "f*.csv", "f?.csv", "it's.csv", "[!a]{b,c}.csv"])
def test_a_file_that_has_the_name_is_no_pattern(tmp_path: Path, name: str) -> None:
    for decoy in ("f1.csv", "fX.csv", "bb.csv", "bc.csv", name):
        written(tmp_path, b"", decoy)
    assert matching(str(tmp_path / name)) == [tmp_path / name]


def test_a_path_is_as_it_was_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    written(tmp_path, b"", "a.csv")
    assert matching("a.csv") == matching("*.csv") == [Path("a.csv")]


@pytest.mark.parametrize("name", ["gone.csv", "gone*.csv", ""])
def test_what_is_not_there_is_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(DataError, match="does not exist; put it there or name another") as caught:
        matching(str(tmp_path / name))
    assert str(tmp_path / name) in str(caught.value)


def test_a_fingerprint_is_of_all_bytes(tmp_path: Path) -> None:
    content = bytes(2 * PART) + b"end"
    parts = (content[:PART], content[PART : 2 * PART], content[2 * PART :])
    digests = b"".join(hashlib.blake2b(part).digest() for part in parts)
    first = fingerprint(written(tmp_path, content))
    assert first == hashlib.blake2b(digests, digest_size=16).hexdigest()
    for place in (0, PART, len(content) - 1):
        other = content[:place] + b"x" + content[place + 1 :]
        assert fingerprint(written(tmp_path, other)) != first


def test_a_fingerprint_of_what_cannot_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be read") as caught:
        fingerprint(tmp_path)
    assert str(tmp_path) in str(caught.value)


# whole runs

HEADER = text_of(orders()).split("\n")[0].encode()
REFUSED = [
    (b"", ["orders.csv", "is empty"]),
    (b"\n\n", ["orders.csv", "is empty"]),
    (b"order,at\no-1,2024-01-01\n", ["no column", "'price'", "its columns are order, at"]),
    (b"order,at,order\n", ["'order'", "more than once"]),
    ("commande,prix d'unité\n".encode("latin-1"), ["not utf-8", "encoding"]),
    (HEADER, ["'orders'", "no row"]),
    (text_of(orders()).encode("utf-16"), ["not utf-8", "encoding"]),
    (text_of(orders(), newline="\r").encode(), ["first line", "carriage return", "LF"]),
    (b"a" * 200_000, ["no column 'order'", "delimiter"]),
    (packed(text_of(orders()).encode())[:300], ["cut off gzip file", "fetch it again"]),
    (HEADER + b'\no-1,"2024\n', ["line 2", "a quote opens", "double the quotes"]),
]


@pytest.mark.parametrize(("raw", "words"), REFUSED)
def test_a_file_that_is_no_table_is_refused_with_what_to_do(
    place: Shop, raw: bytes, words: list[str]
) -> None:
    before = place.with_dataset()
    place.write(raw)
    with pytest.raises(DataError) as caught:
        place.run()
    assert [word for word in words if word not in str(caught.value)] == []
    assert pointed(place.datasets / "current") == before


def test_the_same_rows_written_otherwise_have_the_same_content(place: Shop) -> None:
    expected = place.run()
    more = [{"": "7"} | row | {"PRICE": "x"} for row in orders()]
    place.write("\ufeff" + text_of(more, sorted(more[0], reverse=True), newline="\r\n"))
    dataset = place.run()
    assert dataset.name != expected.name
    assert dataset.manifest["content_hash"] == expected.manifest["content_hash"]


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16"])
def test_a_file_in_a_declared_encoding_is_read(place: Shop, encoding: str) -> None:
    rows = changed(5, city="Orléans")
    place.write(text_of(rows).encode(encoding))
    there = replace(place, contract=with_source(place.contract, encoding=encoding))
    assert there.rows()[4]["city"] == "Orléans"


def test_a_dataset_is_the_same_whatever_the_size_of_blocks(
    place: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    city = 'Saint-"Jean",\nPied\r\nde-Port'
    place.write(changed(4, city=city))
    expected = place.run().manifest["content_hash"]
    assert place.rows()[3]["city"] == city
    monkeypatch.setattr(records, "BLOCK", 100)
    elsewhere = replace(place, settings={"directory": place.folder / "elsewhere"})
    assert elsewhere.run().manifest["content_hash"] == expected
