"""Features of times and categories: computed inside the graph, for every kind of model."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from torch import Tensor

from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.data.split import SPLITS
from {{ cookiecutter.__package }}.errors import ConfigError
from {{ cookiecutter.__package }}.models import preprocess as module
from {{ cookiecutter.__package }}.models.bundle import open_session, predict
from {{ cookiecutter.__package }}.models.columns import Columns
from {{ cookiecutter.__package }}.models.graph import NAMES, export
from {{ cookiecutter.__package }}.models.inputs import from_columns
from {{ cookiecutter.__package }}.models.preprocess import fit_preprocess
from {{ cookiecutter.__package }}.models.tables import from_table
from {{ cookiecutter.__package }}.models.tasks import task_of
from {{ cookiecutter.__package }}.training import job

from ..conftest import make_workspace, shop_of
from ..synthesized import synthesize
from .conftest import assert_parity, make_program

DAY_S = 86_400
NOW = datetime(2024, 3, 1, tzinfo=UTC)


def features(columns: Columns) -> dict[str, Tensor]:
    """How long somebody had been a customer, and a rule on a category."""
    tenure_s = columns.seconds["at"] - columns.seconds["joined"]
    abroad = ~columns.is_in("city", "delta", "Nowhere", None)
    return {"tenure_days": tenure_s / DAY_S, "tenure_s": tenure_s, "abroad": abroad}


@pytest.fixture(scope="module")
def members() -> Contract:
    """The shop, with the time at which a customer joined."""
    source = json.loads(shop_of("binary").text)
    joined = {"type": "timestamp", "nullable": True}
    source["columns"] = {"joined": joined, **source["columns"]}
    return Contract.model_validate(source)


@pytest.fixture(autouse=True)
def _own_features(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "features", features)


def one_city(contract: Contract, n_rows: int, **columns: Any) -> dict[str, list[Any]]:
    return {name: columns.get(name, [None] * n_rows) for name in contract.features}


def numbers_of(graph: bytes, feed: dict[str, Any]) -> dict[str, npt.NDArray[np.float32]]:
    """The columns of the stage ``numbers``, by the names in the graph's metadata."""
    model = onnx.load_from_string(graph)
    (names,) = (json.loads(p.value) for p in model.metadata_props if p.key == NAMES)
    model.graph.output.append(onnx.ValueInfoProto(name="numbers"))
    (numbers,) = open_session(model.SerializeToString()).run(["numbers"], feed)
    return dict(zip(names, numbers.T, strict=True))


def test_a_difference_of_times_is_exact_to_the_second_and_missing_where_one_is(
    members: Contract,
) -> None:
    joined = [NOW - timedelta(seconds=s) for s in (1, 86_399, 16_000_001)]
    rows = one_city(members, 5, at=[NOW, NOW, NOW, NOW, None], joined=[*joined, None, NOW])
    inputs = from_columns(members, rows, 5)
    preprocess = fit_preprocess(members, inputs)
    seconds = preprocess.prepare(inputs).numbers[:, preprocess.names.index("tenure_s")]
    assert seconds[:3].tolist() == [1, 86_399, 16_000_001]
    assert seconds[3:].isnan().all()


def test_a_rule_on_a_category_holds_for_values_too_rare_to_be_learned(members: Contract) -> None:
    cities = [*["delta"] * 30, *["alpha"] * 30, "Nowhere", None, "elsewhere"]
    inputs = from_columns(members, one_city(members, 63, city=cities), 63)
    preprocess = fit_preprocess(members, inputs)
    prepared = preprocess.prepare(inputs)
    abroad = prepared.numbers[:, preprocess.names.index("abroad")]
    assert abroad.tolist() == [*[0.0] * 30, *[1.0] * 30, 0, 0, 1]
    city = members.category.index("city")
    assert "Nowhere" in preprocess.vocabularies[city]
    codes = prepared.codes[:, city]
    assert codes[60] == codes[62] == 0, "but a model does not learn from one row"
    assert codes.max() < preprocess.sizes[city]


@pytest.mark.parametrize("ask", ["seconds", "codes", "numbers"])
def test_a_column_that_is_not_there_is_named_with_those_that_are(
    members: Contract, monkeypatch: pytest.MonkeyPatch, ask: str
) -> None:
    monkeypatch.setattr(module, "features", lambda columns: {"x": getattr(columns, ask)["weight"]})
    inputs = from_columns(members, one_city(members, 2), 2)
    with pytest.raises(ConfigError, match=r"asks for 'weight'.*price.*joined, at.*channel, city"):
        fit_preprocess(members, inputs)


def test_the_graph_computes_the_features_as_torch_does(members: Contract) -> None:
    inputs = from_table(members, synthesize(members, 400))
    program = make_program(members, inputs)
    graph = export(program, inputs[:16]).SerializeToString()
    expected = program.predict(inputs)
    assert_parity(predict(open_session(graph), inputs, task_of(members)), expected)
    at, joined = (inputs.time[:, members.times.index(name)] for name in ("at", "joined"))
    tenure = numbers_of(graph, inputs.feed())["tenure_s"]
    known = joined > 0
    assert 0 < known.sum() < 400
    assert tenure[known].tolist() == (at - joined)[known].astype(np.float32).tolist()
    assert np.isnan(tenure[~known]).all()


def write_members(folder: Path, contract: Contract) -> None:
    """A dataset whose target is told by nothing but tenure, and by the city where that is missing."""
    for split in SPLITS:
        path = folder / f"{split}.parquet"
        table = pq.read_table(path)
        random = np.random.default_rng(table.num_rows)
        days = random.uniform(0, 60, table.num_rows)
        at = table["at"].to_pylist()
        joined = [a - timedelta(days=d) for a, d in zip(at, days.tolist(), strict=True)]
        kinds = {"joined": pa.array(joined, pa.timestamp("us", "UTC"), mask=days < 3)}
        kinds["returned"] = pa.array((days > 30) == contract.positive)
        for name, column in kinds.items():
            table = table.set_column(table.schema.get_field_index(name), name, column)
        pq.write_table(table, path)


@pytest.mark.parametrize(
    "kind",
    [
        "linear",
        pytest.param("lightgbm", marks=pytest.mark.slow),
        pytest.param("mlp", marks=pytest.mark.slow),
    ],
)
def test_every_kind_learns_from_tenure_and_serves_it(
    members: Contract, tmp_path: Path, kind: str
) -> None:
    place = make_workspace(tmp_path / "place", members, train=False)
    write_members(tmp_path / "place" / "data" / "datasets" / "synthetic", members)
    settings = tmp_path / "place" / "configs" / "train.yaml"
    train = yaml.safe_load(settings.read_text()) | {"model": {"kind": kind}}
    train["gate"] |= {"max_telling": None}
    settings.write_text(yaml.safe_dump(train))
    version = job.run(place.config)
    assert next(rule for rule in version.verdict if rule["rule"] == "parity")["passed"]

    bundle = place.bundle
    rows = one_city(
        members,
        4,
        at=[NOW] * 4,
        joined=[NOW - timedelta(days=d) for d in (5, 25, 35, 55)],
        price=[10.0] * 4,
        items=[1] * 4,
        channel=["web"] * 4,
    )
    likely = bundle.predict(from_columns(members, rows, 4))
    assert (likely > 0.5).tolist() == [False, False, True, True]
