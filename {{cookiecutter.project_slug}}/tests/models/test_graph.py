import sys
from datetime import datetime
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.models import bundle
from {{ cookiecutter.__package }}.models.bundle import open_session, predict
from {{ cookiecutter.__package }}.models.graph import OPSET, OPSET_ML, export
from {{ cookiecutter.__package }}.models.inputs import Inputs, from_rows
from {{ cookiecutter.__package }}.models.tables import from_table
from {{ cookiecutter.__package }}.models.tasks import task_of

from ..synthesized import synthesize
from .conftest import Exported, assert_parity, exported_of, make_program, part_of

NUMBERS = [
    *(None, 0.0, -0.0, 1e-45, 0.1, 1e6, -1e6, 1e37, 1e38, -1e38, 3.4e38, 1e300),
    *(float("nan"), float("inf"), float("-inf"), 2**24 - 1, 2**24, 2**24 + 1, -(2**24)),
]
TEXTS = [None, "web", "store", "<missing>", "", "", "Ünïcödé", "東京 🛒", "a" * 5_000, "1", "true"]
MOMENTS = [
    *("2024-03-31T00:59:59", "2024-03-31T01:00:00", "2024-10-27T01:00:00", "1970-01-01T00:00:00"),
    *("1969-12-31T23:59:59", "1901-02-03T04:05:06", "0001-01-01T00:00:00", "9999-12-31T00:00:00"),
]
TIMES = [None, *(datetime.fromisoformat(f"{moment}Z") for moment in MOMENTS)]


def adversarial(contract: Contract) -> Inputs:
    """Each number with each time, the texts running along."""
    rows: list[dict[str, Any]] = [
        {"price": number, "at": time} for number, time in product(NUMBERS, TIMES)
    ]
    for i, row in enumerate(rows):
        row |= {"items": rows[-1 - i]["price"], "gift": (None, True, False)[i % 3]}
        row |= {"channel": TEXTS[i % len(TEXTS)], "city": TEXTS[-i % len(TEXTS)]}
    return from_rows(contract, rows)


def test_any_number_of_rows_is_answered_as_torch_does(
    exported: Exported, no_features: None
) -> None:
    assert exported.program.predict(exported.inputs).std(0).max() > 0.05
    for inputs in (exported.inputs, adversarial(exported.contract)):
        answers = predict(exported.session, inputs, exported.task)
        assert_parity(answers, exported.program.predict(inputs))
        for n in (0, 1, 17):
            part = predict(exported.session, inputs[:n], exported.task)
            assert part.shape == (n, *answers.shape[1:])
            assert part == pytest.approx(answers[:n], abs=1e-6, rel=1e-6)


def test_batches_and_threads_change_no_answer(
    exported: Exported, no_features: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, n = exported, len(exported.inputs)
    whole = predict(made.session, made.inputs, made.task), made.program.predict(made.inputs)
    monkeypatch.setattr(bundle, "BATCH_ROWS", n // 3)
    for n_threads in (1, 2):
        assert np.array_equal(predict(made.session, made.inputs, made.task, n_threads), whole[0])
    assert_parity(made.program.predict(made.inputs), whole[1])


def test_the_export_repeated_is_the_same_bytes_without_a_trace_of_the_machine(
    no_features: None,
) -> None:
    made = exported_of("binary")
    assert export(made.program, made.inputs[100:130]).SerializeToString() == made.graph
    for text in (str(Path.cwd()), str(Path.home()), sys.prefix, "site-packages", ".py", "line "):
        assert text.encode() not in made.graph


def test_other_tools_accept_the_graph_and_every_stage_has_its_name(exported: Exported) -> None:
    model = onnx.load_from_string(exported.graph)
    assert {value.name for value in model.graph.input} == {"category", "numeric", "time"}
    versions = [(opset.domain, opset.version) for opset in model.opset_import]
    assert sorted(versions) == [("", OPSET), ("ai.onnx.ml", OPSET_ML)]
    assert not model.graph.value_info, "it would be stale"
    onnx.checker.check_model(model, full_check=True)
    onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True, data_prop=True)
    assert onnx.version_converter.convert_version(model, OPSET + 1).graph.node
    made = [name for node in model.graph.node for name in node.output]
    stages = ["codes", "numbers", "encoded", "raw", exported.task.output]
    assert [name for name in made if name in stages] == stages


@pytest.mark.slow
@pytest.mark.parametrize(
    ("names", "head"),
    [(("channel", "city"), {}), (("price", "items"), {}), (("at",), {"timezone": "UTC"})],
    ids=["categories", "numbers", "a time in UTC"],
)
def test_a_contract_with_one_kind_of_feature_exports(
    shop: Contract, no_features: None, names: tuple[str, ...], head: dict[str, str]
) -> None:
    part = part_of(shop, *names, **head)
    train = from_table(part, synthesize(part, 100))
    program = make_program(part, train)
    session = open_session(export(program, train[:16]).SerializeToString())
    for inputs in (train, train[:1], adversarial(part)):
        assert_parity(predict(session, inputs, task_of(part)), program.predict(inputs))
