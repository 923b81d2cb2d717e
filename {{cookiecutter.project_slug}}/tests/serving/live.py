"""Bundles made by hand and real servers around them: HTTP and files without the cost of training."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import onnx
import onnx.parser
import pyarrow as pa
import uvicorn
from pydantic_core import to_json

from {{ cookiecutter.__package }}.config import Config, ServeConfig
from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.log.live import (
    PREDICTIONS,
    read_lines,
    read_rows,
)
from {{ cookiecutter.__package }}.models import profile
from {{ cookiecutter.__package }}.models.bundle import (
    open_session,
    predict,
    write_bundle,
)
from {{ cookiecutter.__package }}.models.inputs import from_rows
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

KINDS = {"numeric": "float", "category": "string", "time": "int64"}
TERMS = {
    "numeric": """
        zero = Constant<value_float = 0.0>()
        absent = IsNaN(numeric)
        known = Where(absent, zero, numeric)
        per_number = Constant<value_float = 0.001>()
        scaled = Mul(known, per_number)
        of_numeric = ReduceSum<keepdims = 0>(scaled, columns)""",
    "category": """
        weights = ai.onnx.ml.LabelEncoder<keys_strings = ["1", "true", "web"],
            values_floats = [0.7, -0.7, 0.3], default_float = 0.0>(category)
        of_category = ReduceSum<keepdims = 0>(weights, columns)""",
    "time": """
        hour_s = Constant<value_int = 3600>()
        hours = Div(time, hour_s)
        day_h = Constant<value_int = 24>()
        hour = Mod(hours, day_h)
        part = Cast<to = 1>(hour)
        per_hour = Constant<value_float = 0.01>()
        scaled_hours = Mul(part, per_hour)
        of_time = ReduceSum<keepdims = 0>(scaled_hours, columns)""",
}
ENDS = {
    "binary": "probability = Sigmoid(score)",
    "regression": """
        hundred = Constant<value_float = 100.0>()
        value = Mul(score, hundred)""",
    "multiclass": """
        wide = Unsqueeze(score, columns)
        slopes = Constant<value_floats = [0.0, 10.0, 20.0]>()
        steep = Mul(wide, slopes)
        steps = Constant<value_floats = [0.0, 7.0, 18.0]>()
        shifted = Sub(steep, steps)
        probabilities = Softmax<axis = 1>(shifted)""",
}
WAIT_S = 60.0


def small_graph(contract: Contract, bias: float) -> bytes:
    """``bias + numbers / 1000 + weighted texts + hour / 100``; every input counts.

    A sigmoid of it is the probability, a hundred times it the value; of three labels the second is
    likeliest from 0.7 on, the third from 1.1.
    """
    columns = {"numeric": contract.numeric, "category": contract.category, "time": contract.times}
    names = [name for name in columns if columns[name]]
    inputs = ", ".join(f"{KINDS[name]}[batch,{len(columns[name])}] {name}" for name in names)
    n_labels = f",{len(contract.labels)}" if contract.labels else ""
    nodes = [TERMS[name] for name in names]
    nodes.append(f"score = Sum({', '.join(['bias', *(f'of_{name}' for name in names)])})")
    model: onnx.ModelProto = onnx.parser.parse_model(
        '<ir_version: 10, opset_import: ["": 20, "ai.onnx.ml": 3]>'
        f"small ({inputs}) => (float[batch{n_labels}] {task_of(contract).output})"
        + "<float[1] bias = {BIAS}, int64[1] columns = {1}>".replace("BIAS", f"{bias:.9f}")
        + "\n".join(["{", *nodes, ENDS[contract.task], "}"])
    )
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
    scores = task.drift_values(predict(session, inputs, task))
    columns = profile.columns_of(contract, inputs) | {SCORE: scores}
    windows = np.arange(len(table)) // 500
    described = [profile.describe(name, column, windows) for name, column in columns.items()]
    typical = {name: json_value(v) for name, v in table.to_pylist()[0].items()}
    interval = {"value": 0.7, "low": 0.65, "high": 0.75}
    threshold = 0.5 if contract.task == "binary" else None
    empty = dict.fromkeys(contract.features)
    answers = predict(session, from_rows(contract, [empty]), task).tolist()
    metadata = {
        "name": contract.name,
        "contract": contract.hash,
        "metrics": {"model": {task.main: interval}},
        "threshold": threshold,
        "golden": {"rows": [empty], "predictions": answers},
        "typical": {name: typical[name] for name in contract.request},
        "settings": {},
    }
    files = {
        "model.onnx": model,
        "contract.json": contract.text.encode(),
        "metadata.json": to_json(metadata),
        "profile.json": to_json({"rows": len(table), "window_days": 7, "columns": described}),
    }
    versions = Versions(bundles, contract.name)
    path = write_bundle(versions.folder, files)
    version = versions.register(path.name, [])
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
    """Every record of the logs of a folder; predictions row by row."""
    return list(read_rows(folder) if stem == PREDICTIONS else read_lines(folder, stem))
