"""What a person is told whose transform does not give the contract's rows."""

from typing import Any

import pytest

from {{ cookiecutter.__package }}.data import transform
from {{ cookiecutter.__package }}.errors import DataError

from .conftest import Shop


def test_a_transform_of_other_sources_or_columns_is_told(
    place: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transform, "transform", lambda sources: sources["flights"])
    with pytest.raises(DataError, match=r"data/transform.py.*sources \(orders\).*'flights'"):
        place.run()
    monkeypatch.setattr(transform, "transform", lambda sources: sources["orders"].select("tail"))
    with pytest.raises(DataError, match=r"data/transform.py.*tail"):
        place.run()


def two_of_one(sources: dict[str, Any]) -> Any:
    rows, _more = sources.values()
    return rows


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (two_of_one, r"data/transform.py.*ValueError: not enough values"),
        (lambda _: None, "gives NoneType where a LazyFrame is due; end its function with return"),
    ],
)
def test_a_transform_that_forgot_a_source_or_its_return_is_told(
    place: Shop, monkeypatch: pytest.MonkeyPatch, wrong: Any, says: str
) -> None:
    monkeypatch.setattr(transform, "transform", wrong)
    with pytest.raises(DataError, match=says):
        place.run()
