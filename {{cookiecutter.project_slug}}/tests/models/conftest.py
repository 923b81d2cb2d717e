"""A program over the small contract, its graph, and bundles whose graph answers a constant."""

import json
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import onnx.parser
import onnxruntime as ort
import pytest
import torch

from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.models import preprocess as module
from {{ cookiecutter.__package }}.models.bundle import open_session
from {{ cookiecutter.__package }}.models.graph import (
    IR_VERSION,
    OPSET,
    export,
)
from {{ cookiecutter.__package }}.models.inputs import Inputs
from {{ cookiecutter.__package }}.models.metrics import Floats
from {{ cookiecutter.__package }}.models.preprocess import fit_preprocess
from {{ cookiecutter.__package }}.models.program import (
    Body,
    Categories,
    Head,
    Program,
    fit_encoder,
)
from {{ cookiecutter.__package }}.models.tables import from_table
from {{ cookiecutter.__package }}.models.tasks import Task, task_of
from {{ cookiecutter.__package }}.training.kinds.mlp import Mlp

from ..conftest import TASKS, shop_of
from ..synthesized import synthesize


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> None:
    """Tiny batches on two shared cores: more threads wait for each other."""
    torch.set_num_threads(1)


@dataclass(frozen=True, kw_only=True)
class Exported:
    """A program of the shop with random weights, and its graph; for reading only."""

    contract: Contract
    task: Task
    inputs: Inputs
    program: Program
    graph: bytes
    session: ort.InferenceSession


@cache
def exported_of(task: str) -> Exported:
    """Made once a process: an export takes seconds."""
    contract = shop_of(task)
    table = synthesize(contract, 400)
    inputs = from_table(contract, table)
    labels = task_of(contract).encode(table[contract.target].to_pylist())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "features", lambda _: {})
        program = make_program(contract, inputs, labels)
        graph = bytes(export(program, inputs[:16]).SerializeToString())
    return Exported(
        contract=contract,
        task=task_of(contract),
        inputs=inputs,
        program=program,
        graph=graph,
        session=open_session(graph),
    )


@pytest.fixture(params=TASKS)
def exported(request: pytest.FixtureRequest) -> Exported:
    return exported_of(request.param)


def make_program(contract: Contract, inputs: Inputs, labels: Floats | None = None) -> Program:
    """A program with random weights, and unknown categories and times that matter to it."""
    preprocess = fit_preprocess(contract, inputs)
    encoder = fit_encoder(preprocess.prepare(inputs)[0], 8)
    torch.manual_seed(0)
    labels = np.arange(len(inputs), dtype=np.float64) % 2 if labels is None else labels
    head = Head(contract.task, labels, len(contract.labels or ()))
    network = Mlp(
        width=encoder.size,
        categories=Categories(preprocess.sizes, 4),
        hidden=(8,),
        dropout=0.1,
        start=head.start,
    )
    for weight in network.parameters():
        torch.nn.init.normal_(weight, std=0.4)
    return Program(contract, preprocess, Body(encoder, network), head).eval()


def part_of(contract: Contract, *names: str, **head: Any) -> Contract:
    """The contract with only some of its features."""
    source = json.loads(contract.text)
    chosen = {contract.target, contract.id, *names}
    source["columns"] = {n: c for n, c in source["columns"].items() if n in chosen}
    if contract.time not in chosen:
        source["time"] = None
    return Contract.model_validate(source | head)


def constant_graph(contract: Contract, value: float) -> bytes:
    """A graph with the contract's inputs that answers ``value`` for every row (and label)."""
    kinds = {"numeric": "float", "category": "string", "time": "int64"}
    widths = (len(contract.numeric), len(contract.category), len(contract.times))
    groups = {name: width for name, width in zip(kinds, widths, strict=True) if width}
    inputs = [f"{kinds[name]}[batch,{width}] {name}" for name, width in groups.items()]
    n_labels = len(contract.labels) if contract.labels else 0
    shape, size = (f"batch,{n_labels}", "rows, width") if n_labels else ("batch", "rows")
    output = task_of(contract).output
    lines = [
        f'<ir_version: {IR_VERSION}, opset_import: ["": {OPSET}]>',
        f"constant ({', '.join(inputs)}) => (float[{shape}] {output})",
        "<int64[1] width = {" + str(n_labels) + "}> {",
        f"rows = Shape <start = 0, end = 1> ({next(iter(groups))})",
        f"size = Concat <axis = 0> ({size})",
        f"{output} = ConstantOfShape <value = float[1] " + "{0}> (size) }",
    ]
    model = onnx.parser.parse_model("\n".join(lines))
    model.graph.node[-1].attribute[0].t.float_data[:] = [value]
    return bytes(model.SerializeToString())


def constant_files(contract: Contract, value: float = 0.25, **changes: Any) -> dict[str, bytes]:
    """A bundle's files around ``constant_graph``; ``changes`` go into its metadata."""
    rows = [dict.fromkeys(contract.features)] * 2
    metadata = {
        "contract": contract.hash,
        "dataset": "synthetic",
        "threshold": 0.5,
        "golden": {"rows": rows, "predictions": [value, value]},
        "settings": {"epochs": 1},
        **changes,
    }
    return {
        "model.onnx": constant_graph(contract, value),
        "contract.json": contract.text.encode(),
        "metadata.json": json.dumps(metadata).encode(),
        "profile.json": json.dumps({"rows": 2, "columns": []}).encode(),
        "card.md": b"# A constant\n",
    }


def assert_parity(actual: Any, expected: Any) -> None:
    """The rule of the gate: ``|a - b| <= 1e-5 + 1e-5 |b|``, and every figure finite."""
    assert np.isfinite(expected).all()
    assert np.allclose(actual, expected, rtol=1e-5, atol=1e-5)
