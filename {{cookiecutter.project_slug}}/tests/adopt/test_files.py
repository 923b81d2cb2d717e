"""Files as programs export them: read with a doubt, or refused with the true reason."""

import csv
import gzip
import random
from pathlib import Path
from typing import Any

import pytest

from {{ cookiecutter.__package }}.adopt.dialect import dialect
from {{ cookiecutter.__package }}.errors import DataError

from .conftest import Project, doubted, ours, rows_of, text_of
from .forms import word

SCRIPTS = {
    "cp1252": "éèàüöäßñ€“”’–œ",
    "cp1250": "ąęłńśźżőűřěč€„”",
    "cp1251": "абвгдежзийклмнопрстуфхцчшщыэюя",
    "cp1253": "αβγδεζηθικλμνξοπρστυφχψω",
    "cp1254": "ğışöüçİŞĞ€’",
    "koi8_r": "абвгдежзийклмнопрстуфхцчшщыэюя",
    "shift_jis": "東京都大阪市北海道あいうえおカキクケコ",
    "gb18030": "北京市上海广州深圳中国人民的一是不",
    "euc_kr": "서울부산대구인천광주한국사람",
    "big5": "臺北市高雄臺中中國人民的一是不",
    "utf-16": "éя東€",
    "utf-8-sig": "éя東€",
    "utf-8": "éя東€",
}


def exported(seed: int) -> tuple[bytes, dict[str, list[str]], str]:
    """A file as one program or another writes it, what it holds, and its line above the names."""
    draw = random.Random(seed)  # noqa: S311 - no secret
    n = draw.randint(60, 200)
    delimiter = draw.choice(",;\t|")
    tricky = [f"a{delimiter} b", 'so "called"', "it's", "two\nlines", "back\\slash"]
    words = [word(draw) for _ in range(4)]
    columns = ours(
        {
            "colour": [draw.choice(words) for _ in range(n)],
            "note": [draw.choice([*words, *draw.sample(tricky, 2)]) for _ in range(n)],
            "weight": [f"{draw.uniform(0, 99):.1f}" for _ in range(n)],
        }
    )
    escape = draw.choice([None, None, "\\"])
    form: dict[str, Any] = {"delimiter": delimiter}
    if escape:
        form |= {"escapechar": escape, "doublequote": False, "quoting": csv.QUOTE_ALL}
        columns["note"] = [text.replace("\\", "") for text in columns["note"]]
    text = text_of(columns, lineterminator=draw.choice(["\n", "\r\n"]), **form)
    width = len(columns)
    head, _, body = text.partition("\n")
    above = draw.choice(["", "", "sep=", "title", "padded", "comment", "percent"])
    title = f"Report of {word(draw)}"
    text = {
        "": "",
        "sep=": f"sep={delimiter}\n",
        "title": f"{title}\nPrinted 2024-01-03\n\n",
        "padded": f"{title}{delimiter * (width - 1)}\n{delimiter * (width - 1)}\n",
        "comment": f"# {title}\n# units: kg, m\n",
        "percent": f"% {title}\n%\n% {word(draw)}\n",
    }[above] + f"{head}\n"
    if draw.random() < 0.3:
        text += delimiter.join(["[-]", "[m]", "[-]", "[-]", "[kg]"]) + "\n"
    if draw.random() < 0.25 and "two\nlines" not in columns["note"]:
        body = body.replace("\n", f"{delimiter}\n") if "\r\n" not in body else body
    text += body
    end = draw.choice(["", "", "total", "source", "both"])
    if end in {"total", "both"}:
        text += delimiter.join(["", "Total", "", "", "123456.7"]) + "\n"
    if end in {"source", "both"}:
        text += f"Source: {word(draw)}\n"
    data = text.encode()
    return (gzip.compress(data) if draw.random() < 0.2 else data), columns, title


@pytest.mark.parametrize("seed", range(40))
def test_a_file_is_read_as_it_was_meant(project: Project, seed: int) -> None:
    data, columns, title = exported(seed)
    (project.root / "t.csv").write_bytes(data)
    proposal = project.adopt("t.csv", dry_run=True)
    rows = rows_of(proposal.contract)
    found = {name: rows[name].cast(str).to_list() for name in ("colour", "note")}
    assert found == {name: columns[name] for name in ("colour", "note")}
    assert rows["weight"].to_list() == [float(text) for text in columns["weight"]]
    plain = gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
    assert doubted(proposal, title) == (title.encode() in plain)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("encoding", SCRIPTS)
def test_an_encoding_is_right_or_a_guess(project: Project, encoding: str, seed: int) -> None:
    draw = random.Random(seed)  # noqa: S311 - no secret
    script = SCRIPTS[encoding]
    words = ["".join(draw.choice(script) for _ in range(draw.randint(2, 7))) for _ in range(5)]
    columns = ours({"town": [draw.choice(words) for _ in range(200)]})
    (project.root / "t.csv").write_bytes(text_of(columns).encode(encoding))
    proposal = project.adopt("t.csv", dry_run=True)
    right = rows_of(proposal.contract)["town"].to_list() == columns["town"]
    assert right or doubted(proposal, "the encoding is a guess")
    assert right or not encoding.startswith("utf")


@pytest.mark.parametrize(
    ("text", "key", "value"),
    [
        ("a;b;note\n" + "1,5;2,5;3,5\n" * 20, "delimiter", ";"),
        ("a,note\n" + "it's,1\n'tis,2\n" * 20, "quote", '"'),
    ],
)
def test_records_are_equally_wide(tmp_path: Path, text: str, key: str, value: str) -> None:
    (tmp_path / "t.csv").write_text(text)
    assert getattr(dialect(tmp_path / "t.csv", "t.csv", "note")[0], key) == value


def test_a_damaged_byte_does_not_make_utf_8_another_encoding(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes(b"name,note\n" + "Zoë,a\n".encode() * 50 + b"\xff,a\n")
    assert dialect(tmp_path / "t.csv", "t.csv", "note")[0].encoding == "utf-8"


def test_names_in_the_second_line_are_found_by_the_target(project: Project) -> None:
    text = ",X1,X2,Y\nID,LIMIT,AGE,default\n" + "1,5,3,0\n2,6,7,1\n" * 20
    (project.root / "t.csv").write_text(text)
    proposal = project.adopt("t.csv", "default", dry_run=True)
    assert doubted(proposal, ",X1,X2,Y", "skipped")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a\n1\n2\n", "no two columns"),
        ("a,b\n" + "1,2,3\n" * 9, r"has 2 fields .*, but most have 3"),
        ("", "is empty"),
        ("a,a\n" + "1,2\n" * 9, "more than once"),
    ],
)
def test_what_is_no_table_is_refused(project: Project, text: str, words: str) -> None:
    (project.root / "t.csv").write_text(text)
    with pytest.raises(DataError, match=words):
        project.adopt("t.csv", "a", dry_run=True)


def test_a_header_without_end_is_refused_at_once(project: Project) -> None:
    with (project.root / "t.csv").open("wb") as file:
        file.write(b"name," * 1000)
        file.truncate(400 << 20)
    with pytest.raises(DataError, match="longer than 1 MB"):
        project.adopt("t.csv", "name", dry_run=True)


def test_rows_of_units_and_totals_are_doubted_and_rejected(project: Project) -> None:
    names, *rows = text_of(ours({"z": [str(n * 7 % 90) for n in range(120)]})).splitlines()
    (project.root / "t.csv").write_text("\n".join([names, "[-],[m],[kg]", *rows, ",Total,500", ""]))
    proposal = project.adopt("t.csv", dry_run=True)
    assert doubted(proposal, "`x` has '[m]', 'Total' in 2 rows", "whose rows are rejected")
    assert doubted(proposal, "`z` has '[kg]' in 1 rows", "whose rows are rejected")
    assert len(rows_of(proposal.contract)) == len(rows)
