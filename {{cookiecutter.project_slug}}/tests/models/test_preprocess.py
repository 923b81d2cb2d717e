"""What a model learns from: the contract's columns, the calendar's, and features of the owner's."""

import json

import numpy as np
import onnx
import pytest
from torch import Tensor

from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.errors import ConfigError
from {{ cookiecutter.__package }}.models import preprocess as module
from {{ cookiecutter.__package }}.models.bundle import open_session, predict
from {{ cookiecutter.__package }}.models.columns import UNSEEN, Columns
from {{ cookiecutter.__package }}.models.graph import NAMES, export
from {{ cookiecutter.__package }}.models.inputs import from_rows
from {{ cookiecutter.__package }}.models.preprocess import (
    fit_preprocess,
    fit_vocabulary,
)
from {{ cookiecutter.__package }}.models.tables import from_table
from {{ cookiecutter.__package }}.models.tasks import task_of
from {{ cookiecutter.__package }}.values import MISSING_CATEGORY

from ..conftest import shop_of
from ..synthesized import synthesize
from .conftest import assert_parity, make_program

DAY_S = 86_400


def features(columns: Columns) -> dict[str, Tensor]:
    """How long somebody had been a customer, and a rule on a category."""
    tenure_s = columns.seconds["at"] - columns.seconds["joined"]
    abroad = ~columns.is_in("city", "delta", "Nowhere", None)
    return {"tenure_days": tenure_s / DAY_S, "tenure_s": tenure_s, "abroad": abroad}


@pytest.fixture
def members(monkeypatch: pytest.MonkeyPatch) -> Contract:
    """The shop with the time at which a customer joined, and features of it."""
    monkeypatch.setattr(module, "features", features)
    source = json.loads(shop_of("binary").text)
    joined = {"type": "timestamp", "nullable": True}
    source["columns"] = {"joined": joined, **source["columns"]}
    return Contract.model_validate(source)


def test_a_value_that_features_name_has_a_code_however_rare_it_is(members: Contract) -> None:
    cities = [*["delta"] * 30, *["alpha"] * 30, "Nowhere", None, "elsewhere"]
    inputs = from_rows(members, [{"city": city} for city in cities])
    preprocess = fit_preprocess(members, inputs)
    numbers, coded = preprocess.prepare(inputs)
    abroad = numbers[:, preprocess.names.index("abroad")]
    assert abroad.tolist() == [*[0.0] * 30, *[1.0] * 30, 0, 0, 1]
    codes = coded[:, members.category.index("city")].tolist()
    assert codes[62] == UNSEEN
    assert len({codes[0], codes[30], codes[60], codes[61], UNSEEN}) == 5


def test_a_column_that_is_not_there_or_already_there_is_named(
    members: Contract, monkeypatch: pytest.MonkeyPatch
) -> None:
    for group in ("seconds", "codes", "numbers"):
        monkeypatch.setattr(module, "features", lambda c, g=group: {"x": getattr(c, g)["size"]})
        with pytest.raises(ConfigError, match=r"asks for 'size'.*price.*joined, at.*channel, city"):
            fit_preprocess(members, from_rows(members, [{}, {}]))
    monkeypatch.setattr(module, "features", lambda c: {"price": c["price"] / 2})
    with pytest.raises(ConfigError, match="gives 'price', which there is already"):
        fit_preprocess(members, from_rows(members, [{}, {}]))


def test_the_graph_computes_features_as_torch_does_and_differences_of_times_to_the_second(
    members: Contract,
) -> None:
    inputs = from_table(members, synthesize(members, 400))
    program = make_program(members, inputs)
    graph = export(program, inputs[:16]).SerializeToString()
    assert_parity(predict(open_session(graph), inputs, task_of(members)), program.predict(inputs))

    at, joined = (inputs.time[:, members.times.index(name)] for name in ("at", "joined"))
    model = onnx.load_from_string(graph)
    (names,) = (json.loads(prop.value) for prop in model.metadata_props if prop.key == NAMES)
    model.graph.output.append(onnx.ValueInfoProto(name="numbers"))
    (numbers,) = open_session(model.SerializeToString()).run(["numbers"], inputs.feed())
    tenure, known = numbers[:, names.index("tenure_s")], joined > 0
    assert 0 < known.sum() < 400
    assert tenure[known].tolist() == (at - joined)[known].astype(np.float32).tolist()
    assert np.isnan(tenure[~known]).all()


def test_a_vocabulary_is_the_frequent_values_most_frequent_first() -> None:
    values = [*["b"] * 12, *["c"] * 30, *["a"] * 12, *["a\0"] * 11, *["rare"] * 9]
    assert fit_vocabulary(np.array(values, object)) == ["c", "a", "b", "a\0", MISSING_CATEGORY]
