"""Versions that challenge, good ones and such as a server has to end."""

import json
import math
from pathlib import Path
from typing import Any
from zlib import crc32

import httpx
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from {{ cookiecutter.__package }}.config import ServeConfig
from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.models.bundle import write_bundle
from {{ cookiecutter.__package }}.models.challenger import Challenges
from {{ cookiecutter.__package }}.models.versions import Version, Versions

from ..conftest import serve_config
from ..live import add_version

TURNS = 20_000
"""Of a loop that takes some hundred times as long as the rest of the graph."""


def challenger(bundles: Path, contract: Contract, how: str = "good") -> Version:
    """A version beside the one that serves: one that is good, or one that fails, is slow or diverges."""
    if how == "diverges":
        return add_version(bundles, contract, bias=3, serve=False)
    good = add_version(bundles, contract, bias=0.1, serve=False)
    if how == "good":
        return good
    folder = bundles / contract.name
    files = {path.name: path.read_bytes() for path in (folder / good.bundle).iterdir()}
    del files["checksums.sha256"]
    files["model.onnx"] = (failing if how == "fails" else slow)(files["model.onnx"])
    metadata = json.loads(files["metadata.json"])
    metadata["typical"] |= {"price": 1.0, "items": 1, "gift": None}  # which it answers
    files["metadata.json"] = json.dumps(metadata).encode()
    bundle = write_bundle(folder, files).name
    return Versions(bundles, contract.name).register(bundle, [], passed=True)


def failing(model: bytes) -> bytes:
    """The graph, with an output that is no number for every row whose numbers sum to more than 10."""
    steps = [
        ("Sub", ["most", "numbers"], "left"),
        ("Sqrt", ["left"], "root"),
        ("Mul", ["root", "no weight"], "more"),
    ]
    nodes = [helper.make_node(kind, given, [made]) for kind, given, made in steps]
    constants = {"most": np.array(0.01, np.float32), "no weight": np.array(0, np.float32)}
    return _beside(model, nodes, constants)


def slow(model: bytes) -> bytes:
    """The graph, with the same outputs after a long loop."""
    kept = helper.make_node("Identity", ["go on"], ["kept"])
    turn = helper.make_node("Sin", ["value"], ["turned"])
    number = helper.make_tensor_value_info("number", TensorProto.INT64, [])
    go_on = helper.make_tensor_value_info("go on", TensorProto.BOOL, [])
    value = helper.make_tensor_value_info("value", TensorProto.FLOAT, ["batch"])
    results = [
        helper.make_tensor_value_info("kept", TensorProto.BOOL, []),
        helper.make_tensor_value_info("turned", TensorProto.FLOAT, ["batch"]),
    ]
    body = helper.make_graph([kept, turn], "body", [number, go_on, value], results)
    loop = helper.make_node("Loop", ["turns", "", "numbers"], ["long"], body=body)
    nothing = helper.make_node("Mul", ["long", "no weight"], ["more"])
    constants = {"turns": np.array(TURNS, np.int64), "no weight": np.array(0, np.float32)}
    return _beside(model, [loop, nothing], constants)


def challenged(
    folder: Path, contract: Contract, kind: str = "good", **how: Any
) -> tuple[ServeConfig, Version]:
    """A champion, and the version that challenges it."""
    config = serve_config(folder)
    add_version(config.bundles, contract)
    other = challenger(config.bundles, contract, kind)
    challenge(config.bundles, contract, other, **how)
    return config, other


def challenge(bundles: Path, contract: Contract, version: Version, **how: Any) -> None:
    """Start a challenge as the command does."""
    Challenges(Versions(bundles, contract.name)).start(
        version, how.get("route", "challenger"), how.get("share", 0.5), "a test"
    )


def ask(client: httpx.Client, row: dict[str, Any], ids: list[str]) -> dict[str, int]:
    """Ask about a row under each id, which gives its price; the version that answered each."""
    answered = {}
    for one in ids:
        priced = {**row, "order": one, "price": row["price"] and 10 + crc32(one.encode()) % 900}
        response = client.post("/predict", json={"rows": [priced]})
        assert response.status_code == 200, response.text
        assert not response.json().get("fallback")
        answered[one] = response.json()["version"]
    return answered


def within_chance(n: int, found: int, share: float) -> bool:
    """Whether so many of ``n`` are within five standard deviations of their share."""
    return abs(found - n * share) <= 5 * math.sqrt(n * share * (1 - share))


def _beside(model: bytes, nodes: list[onnx.NodeProto], constants: dict[str, Any]) -> bytes:
    """The graph with nodes that make ``more``, which is added to its output."""
    changed = onnx.load_model_from_string(model)
    graph = changed.graph
    name = graph.output[0].name
    graph.node[-1].output[0] = "whole"
    graph.node.extend([*nodes, helper.make_node("Add", ["whole", "more"], [name])])
    for constant, value in constants.items():
        graph.initializer.append(numpy_helper.from_array(value, constant))
    serialised: bytes = changed.SerializeToString()
    return serialised
