"""Bundles made by hand and real servers around them: HTTP and files without the cost of training."""

import io
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import onnx
import pyarrow as pa
import pyarrow.parquet as pq
import uvicorn
from onnx import TensorProto, helper, numpy_helper

from {{ cookiecutter.__package }}.config import Config, ServeConfig
from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.log.live import PREDICTIONS, read_rows
from {{ cookiecutter.__package }}.models import profile
from {{ cookiecutter.__package }}.models.bundle import (
    open_session,
    predict,
    write_bundle,
)
from {{ cookiecutter.__package }}.models.inputs import from_columns
from {{ cookiecutter.__package }}.models.profile import SCORE
from {{ cookiecutter.__package }}.models.tables import from_table
from {{ cookiecutter.__package }}.models.tasks import task_of
from {{ cookiecutter.__package }}.models.versions import Version, Versions
from {{ cookiecutter.__package }}.serving.app import create_app
from {{ cookiecutter.__package }}.serving.auth import new_key
from {{ cookiecutter.__package }}.serving.server import (
    options as uvicorn_options,
)
from {{ cookiecutter.__package }}.values import json_value

from ..synthesized import synthesize

WEIGHTS = {"1": 0.7, "true": -0.7, "web": 0.3}
FALLBACKS = {"binary": 0.25, "multiclass": [0.25, 0.5, 0.25], "regression": 7.5}
WAIT_S = 60.0


def small_graph(contract: Contract, bias: float) -> bytes:
    """``bias + numbers / 1000 + weighted texts + hour / 100``; every input counts.

    A sigmoid of it is the probability, a hundred times it the value; of three labels the second is
    likeliest from 0.7 on, the third from 1.1.
    """
    nodes, inputs, terms = [], [], ["bias"]
    constants: dict[str, Any] = {
        "bias": np.array([bias], np.float32),
        "columns": np.array([1], np.int64),
        "zero": np.float32(0),
        "per_number": np.float32(0.001),
        "hour_s": np.int64(3600),
        "day_h": np.int64(24),
        "per_hour": np.float32(0.01),
    }

    def add(kind: str, given: list[str], made: str, **attributes: Any) -> str:
        nodes.append(helper.make_node(kind, given, [made], **attributes))
        return made

    def group(name: str, kind: int, columns: tuple[str, ...]) -> bool:
        if columns:
            inputs.append(helper.make_tensor_value_info(name, kind, ["batch", len(columns)]))
        return bool(columns)

    if group("numeric", TensorProto.FLOAT, contract.numeric):
        add("IsNaN", ["numeric"], "absent")
        add("Where", ["absent", "zero", "numeric"], "known")
        add("Mul", ["known", "per_number"], "scaled")
        terms.append(add("ReduceSum", ["scaled", "columns"], "numbers", keepdims=0))
    if group("category", TensorProto.STRING, contract.category):
        weights = {"keys_strings": list(WEIGHTS), "values_floats": list(WEIGHTS.values())}
        domain = "ai.onnx.ml"
        add("LabelEncoder", ["category"], "weights", domain=domain, default_float=0.0, **weights)
        terms.append(add("ReduceSum", ["weights", "columns"], "texts", keepdims=0))
    if group("time", TensorProto.INT64, contract.times):
        add("Div", ["time", "hour_s"], "hours")
        add("Mod", ["hours", "day_h"], "hour")
        add("Cast", ["hour"], "part", to=TensorProto.FLOAT)
        add("Mul", ["part", "per_hour"], "scaled_hours")
        terms.append(add("ReduceSum", ["scaled_hours", "columns"], "clock", keepdims=0))
    name, shape = task_of(contract).output, list[str | int](["batch"])
    add("Sum", terms, "score")
    if contract.task == "binary":
        add("Sigmoid", ["score"], name)
    elif contract.task == "regression":
        constants["hundred"] = np.float32(100)
        add("Mul", ["score", "hundred"], name)
    else:
        shape.append(n_labels := len(contract.labels or ()))
        place = np.arange(n_labels, dtype=np.float32)
        constants |= {"slopes": place * 10, "steps": np.cumsum(place * 4 + 3) - 3}
        add("Unsqueeze", ["score", "columns"], "wide")
        add("Mul", ["wide", "slopes"], "steep")
        add("Sub", ["steep", "steps"], "shifted")
        add("Softmax", ["shifted"], name, axis=1)
    graph = helper.make_graph(
        nodes,
        "small",
        inputs,
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )
    opsets = [helper.make_opsetid("", 20), helper.make_opsetid("ai.onnx.ml", 3)]
    model: onnx.ModelProto = helper.make_model(graph, opset_imports=opsets, ir_version=10)
    serialised: bytes = model.SerializeToString()
    return serialised


def add_version(
    bundles: Path,
    contract: Contract,
    *,
    bias: float = 0.0,
    table: pa.Table | None = None,
    serve: bool = True,
) -> Version:
    """Write a bundle of the small graph, profiled on ``table``; register it and, if wanted, serve it."""
    table = synthesize(contract, 500) if table is None else table
    model = small_graph(contract, bias)
    session = open_session(model)
    inputs = from_table(contract, table)
    task = task_of(contract)
    scores = task.watched(predict(session, inputs, task))
    columns = profile.columns_of(inputs, contract.numeric, contract.category) | {SCORE: scores}
    windows = np.arange(len(table)) // 500
    profiles = [asdict(profile.describe(name, column, windows)) for name, column in columns.items()]
    empty = dict.fromkeys(contract.features)
    golden = from_columns(contract, {name: [None] for name in contract.features}, 1)
    typical = {name: json_value(v) for name, v in table.to_pylist()[0].items()}
    names = [n for n in contract.features if not contract.columns[n].pii]
    sample = io.BytesIO()
    pq.write_table(table.select(names).append_column(SCORE, pa.array(scores)), sample)
    interval = {"value": 0.7, "low": 0.65, "high": 0.75}
    threshold = 0.5 if contract.task == "binary" else None
    metadata = {
        "name": contract.name,
        "dataset": "none",
        "contract": contract.hash,
        "git": {"commit": None, "dirty": False},
        "metrics": {"model": {task.main: interval}},
        "threshold": threshold,
        "fallback": FALLBACKS[contract.task],
        "golden": {"rows": [empty], "predictions": predict(session, golden, task).tolist()},
        "typical": {name: typical[name] for name in contract.request},
        "settings": {},
        "libraries": {},
    }
    files = {
        "model.onnx": model,
        "contract.json": contract.text.encode(),
        "metadata.json": json.dumps(metadata).encode(),
        "profile.json": json.dumps(
            {"rows": len(table), "window_days": 7, "columns": profiles}
        ).encode(),
        "sample.parquet": sample.getvalue(),
    }
    versions = Versions(bundles, contract.name)
    path = write_bundle(versions.folder, files)
    version = versions.register(path.name, [], passed=True)
    if serve:
        versions.serve(version, action="promote", why="a test")
    return version


def settings_of(config: ServeConfig, **options: dict[str, Any]) -> Config:
    """All settings that a server reads: its own, and those of options by name."""
    return Config.model_construct(serve=config, options=options)


@contextmanager
def live(config: ServeConfig, **options: dict[str, Any]) -> Iterator[httpx.Client]:
    """A client of a real server on a port of its own."""
    listener = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    app, how = create_app(settings_of(config, **options)), uvicorn_options(config)
    server = uvicorn.Server(uvicorn.Config(app, **how | {"workers": 1}))
    thread = threading.Thread(target=server.run, args=([listener],))
    thread.start()
    try:
        kind = {"content-type": "application/json"}  # of bodies that are sent as bytes
        with httpx.Client(base_url=url, timeout=WAIT_S, headers=kind) as client:
            assert client.get("/health/live").json() == {"live": True}
            yield client
    finally:
        server.should_exit = True
        thread.join(WAIT_S)
        assert not thread.is_alive()


def make_key(path: Path, name: str = "first") -> str:
    """A new key, as it was shown."""
    shown: list[str] = []
    new_key(path, name, shown.append)
    return shown[0]


def until(holds: Callable[[], bool], what: str, within_s: float = WAIT_S) -> None:
    """Ask again until something holds; fail, saying what was awaited, if it does not."""
    deadline = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < deadline, f"waited {within_s:.0f} s for: {what}"
        time.sleep(0.02)


def records(folder: Path, stem: str = PREDICTIONS) -> list[dict[str, Any]]:
    """Every record of the logs of a folder, none of them torn; predictions row by row."""
    files = sorted(folder.glob(f"{stem}-*.jsonl"))
    lines = [json.loads(line) for path in files for line in path.read_text().splitlines()]
    return list(read_rows(folder)) if stem == PREDICTIONS else lines
