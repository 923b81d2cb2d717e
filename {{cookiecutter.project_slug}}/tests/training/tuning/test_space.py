"""What can be searched, and what a wrong space is told."""

from dataclasses import replace
from typing import Any

import pytest

from {{ cookiecutter.__package }}.config import Config, TrainConfig
from {{ cookiecutter.__package }}.errors import ConfigError
from {{ cookiecutter.__package }}.training.kinds import KINDS
from {{ cookiecutter.__package }}.training.tuning.space import (
    applied,
    is_whole,
    kinds_of,
    of_kind,
    space_of,
    study_name,
    value_of,
)


def settings(**more: Any) -> TrainConfig:
    return TrainConfig.model_validate(more)


def config(tuning: dict[str, Any] | None = None, **train: Any) -> Config:
    return Config.model_validate(
        {"data": {"driving": "orders", "split": {"by": "hash"}}, "serve": {}, "monitor": {}}
        | {"train": train, "options": {"tuning": tuning or {}}}
    )


def with_space(space: dict[str, Any], kind: str = "mlp") -> Config:
    return config({"space": {kind: space}})


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_a_space_that_it_takes(kind: str) -> None:
    space = space_of(config(), kind)
    assert len(space) >= 2
    ends = {name: values.low or (values.choices or [None])[0] for name, values in space.items()}
    assert applied(of_kind(settings(), kind), ends).model.kind == kind


def test_the_kinds_are_those_that_are_named_else_that_of_the_model() -> None:
    assert kinds_of(config()) == ("lightgbm", "mlp")
    assert kinds_of(config(model={"kind": "linear"})) == ("linear",)
    assert kinds_of(config({"kinds": ["linear"]})) == ("linear",)


def test_drawn_values_go_where_their_names_say_and_others_stay() -> None:
    given = settings(model={"kind": "mlp", "bins": 8}, epochs=3)
    made = applied(given, {"learning_rate": 0.5, "model.hidden": [8, 4]})
    assert (made.learning_rate, made.epochs) == (0.5, 3)
    assert made.model.model_extra == {"bins": 8, "hidden": [8, 4]}
    assert given.model.model_extra == {"bins": 8}
    assert value_of(made, "mlp", "model.hidden") == (8, 4)


def test_whole_numbers_are_told_from_others() -> None:
    assert is_whole("mlp", "batch_size")
    assert is_whole("lightgbm", "model.leaves")
    assert not is_whole("mlp", "model.dropout")
    assert not is_whole("mlp", "learning_rate")


# what is wrong with a space → what is said of it, when the settings are read
UNREADABLE: list[tuple[dict[str, Any], str]] = [
    ({"model.dropout": {"low": 0.3, "high": 0.3}}, "low must be less than high; given 0.3 and 0.3"),
    ({"model.dropout": {"low": 0, "high": 0.3, "log": True}}, "log needs a low above 0; given 0"),
    ({"model.dropout": {"low": 0}}, "give low and high, or choices"),
    ({"model.dropout": {"choices": []}}, "at least 1 item"),
    ({"model.dropout": {"choices": [0], "low": 0}}, "choices stand alone"),
    ({"model.dropout": {"low": 1, "high": 2, "log": True, "step": 1}}, "log takes no step"),
    ({"model.dropout": {"low": 0, "high": 0.3, "step": 1}}, "leads from low beyond high"),
    ({"seed": {"low": 0, "high": 9}}, "'seed' cannot be searched; what can are batch_size, "),
    ({"gate.confidence": {"low": 0.6, "high": 0.9}}, "'gate.confidence' cannot be searched"),
]


@pytest.mark.parametrize(("space", "words"), UNREADABLE)
def test_a_space_that_cannot_be_is_refused_when_it_is_read(
    space: dict[str, Any], words: str
) -> None:
    with pytest.raises(ConfigError, match=words):
        space_of(with_space(space), "mlp")


# what does not fit the kind → what is said of it, before anything is learned
UNFIT: list[tuple[dict[str, Any], str]] = [
    ({"model.width": {"low": 1, "high": 2}}, "space.mlp.model.width: .* no such .* model.hidden"),
    ({"model.hidden": {"low": 8, "high": 64}}, "space.mlp.model.hidden: 8 does not fit"),
    ({"model.embedding": {"low": 1.5, "high": 4}}, "space.mlp.model.embedding: 1.5 does not"),
    ({"model.dropout": {"low": 0, "high": 1.5}}, "space.mlp.model.dropout: 1.5 does not fit"),
    ({"learning_rate": {"low": -1, "high": 1}}, "space.mlp.learning_rate: -1 does not fit"),
    ({}, "does not say what to search: write tuning.space.mlp"),
]


@pytest.mark.parametrize(("space", "words"), UNFIT)
def test_a_space_that_the_kind_does_not_take_is_refused(space: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        space_of(with_space(space), "mlp")


def test_a_kind_whose_own_space_is_wrong_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = replace(KINDS["linear"], search={"model.bins": {"low": 8, "high": 4}})
    monkeypatch.setitem(KINDS, "linear", wrong)
    with pytest.raises(ConfigError, match=r"search of kind 'linear': .*\n.*low must be less"):
        space_of(config(), "linear")


def test_a_kind_that_is_none_is_refused() -> None:
    with pytest.raises(ConfigError, match="'forest' is none; there are auto, linear"):
        space_of(config(), "forest")
    with pytest.raises(ConfigError, match="'forest' is none"):
        space_of(with_space({"epochs": {"low": 1, "high": 2}}, kind="forest"), "mlp")


def test_what_scores_follow_from_names_the_study_and_nothing_else_does() -> None:
    def name(given: Config, dataset: str = "d1") -> str:
        return study_name("shop", dataset, given.train, "mlp", space_of(given, "mlp"))

    first = name(config())
    assert first.startswith("shop-mlp-")
    assert name(config({"trials": 3, "seed": 9}, promote="auto", tracker="none")) == first
    others = [
        name(config(), "d2"),
        name(config(epochs=3)),
        name(config(folds={"below_rows": 9})),
        name(with_space({"epochs": {"low": 1, "high": 2}})),
    ]
    assert len({first, *others}) == 5
