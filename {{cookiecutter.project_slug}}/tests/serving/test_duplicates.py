"""A key that stands twice is refused, however it is written, and nothing else is."""

import json
import random
from typing import Any

import pytest

from {{ cookiecutter.__package }}.serving.http.duplicates import (
    refuse_duplicates,
)
from {{ cookiecutter.__package }}.serving.http.problems import ProblemError

from .conftest import Serving
from .problems import faults_of

TEXTS = ("a", "b", "c", "d", ":", '":', "\\", "é", " :", "{", '"a":1,')


def refused(body: bytes, n_keys: int) -> bool:
    try:
        refuse_duplicates(body, n_keys)
    except ProblemError as problem:
        return (problem.status, problem.faults[0].rule) == (422, "duplicate_key")
    return False


def objects(draw: random.Random) -> tuple[str, int, bool]:
    """A list of objects as JSON, how many keys a parser keeps of it, and whether one is lost."""
    written, kept, lost = [], 0, False
    for _ in range(draw.randint(0, 3)):
        pairs = [(draw.choice(TEXTS), draw.choice(TEXTS)) for _ in range(draw.randint(0, 4))]
        members = [
            f"{space(draw)}{escaped(draw, key)}{space(draw)}:{space(draw)}{escaped(draw, value)}"
            for key, value in pairs
        ]
        written.append("{" + ",".join(members) + "}")
        kept += len(dict(pairs))
        lost = lost or len(dict(pairs)) < len(pairs)
    return "[" + ",".join(written) + "]", kept, lost


def space(draw: random.Random) -> str:
    return draw.choice(["", "", "", "", " ", "\n", "\t", "\r"])


def escaped(draw: random.Random, text: str) -> str:
    if text.isalpha() and draw.random() < 0.1:
        return f'"\\u{ord(text):04x}"'
    return json.dumps(text, ensure_ascii=draw.random() < 0.5)


def test_it_is_found_in_any_spelling() -> None:
    draw = random.Random(7)  # noqa: S311 - repeatable
    found = []
    for _ in range(5_000):
        written, kept, lost = objects(draw)
        assert refused(written.encode(), kept) == lost, written
        found.append(lost)
    assert 1_000 < sum(found) < 4_000


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"price": 12.5', '"price": 12.5, "price": 12.5'),
        ('"price": 12.5', '"price" : 12.5, "price" : 1'),
        ('"price": 12.5', '"price": 12.5, "pr\\u0069ce": 1'),
        ('"rows"', '"rows": [], "rows"'),
        ("}]}", '}], "probabilities": true, "probabilities": false}'),
    ],
)
def test_rows_with_one_are_refused_by_rule(
    serving: Serving, row: dict[str, Any], old: str, new: str
) -> None:
    text = json.dumps({"rows": [row]})
    assert old in text
    found = faults_of(serving.client.post("/predict", content=text.replace(old, new)))
    assert found == {("body", "duplicate_key")}


def test_so_are_columns_and_labels(serving: Serving, row: dict[str, Any]) -> None:
    columns = {"columns": {name: [value] for name, value in row.items()}}
    labels = {"labels": [{"id": "o-1", "label": True}]}
    for path, body, name in (
        ("/predict/columns", columns, "price"),
        ("/feedback", labels, "id"),
    ):
        text = json.dumps(body)
        twice = text.replace(f'"{name}":', f'"{name}": 1, "{name}":', 1)
        assert serving.client.post(path, content=text).status_code == 200
        answer = serving.client.post(path, content=twice)
        assert answer.status_code == 422
        assert f"'{name}' stands twice in one object" in answer.text


@pytest.mark.parametrize("city", ['a":b', "a : b", ":", "Saint-Étienne", '"city": "x"'])
def test_texts_that_look_like_keys_are_none(
    serving: Serving, row: dict[str, Any], city: str
) -> None:
    for ascii_ in (True, False):
        text = json.dumps({"rows": [{**row, "city": city}] * 2}, ensure_ascii=ascii_)
        assert serving.client.post("/predict", content=text.encode()).status_code == 200
