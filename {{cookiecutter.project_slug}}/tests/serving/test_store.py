"""The pointer is followed, and nothing that a bundle, a file or a disk does ends that."""

import threading
import time
from contextlib import suppress
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.models.bundle import write_bundle
from {{ cookiecutter.__package }}.models.versions import Version, Versions
from {{ cookiecutter.__package }}.serving import store as module
from {{ cookiecutter.__package }}.serving.store import Store
from {{ cookiecutter.__package }}.storage import write_pointer

from .callers import problem_of
from .conftest import serve_config
from .live import add_version, live, records, until
from .test_metrics import scraped

DEEP = "[" * 100_000


class PanicError(BaseException):
    """As a panic in Rust is raised."""


def look(store: Store) -> int | None:
    """Look once, whatever that raises; the version that serves."""
    with suppress(BaseException):
        store.refresh()
    return store.current.version if store.current else None


def loaded(folder: Path, model: str | None = None) -> Store:
    """A store that has looked once."""
    store = Store(folder, model, 100)
    look(store)
    return store


def fails_when_run(bundles: Path, contract: Contract, version: Version) -> Version:
    """A version whose graph loads and answers the golden rows, and fails for rows with a price."""
    versions = Versions(bundles, contract.name)
    folder = versions.folder / version.bundle
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    del files["checksums.sha256"]
    model = onnx.load_model_from_string(files["model.onnx"])
    name = model.graph.output[0].name
    model.graph.node[-1].output[0] = "whole"
    nodes = [  # outputs are reshaped to as many as the price and one
        helper.make_node("ReduceSum", ["known", "all"], ["total"], keepdims=0),
        helper.make_node("Cast", ["total"], ["n"], to=onnx.TensorProto.INT64),
        helper.make_node("Add", ["n", "one"], ["size"]),
        helper.make_node("Unsqueeze", ["size", "zeroth"], ["shape"]),
        helper.make_node("Reshape", ["whole", "shape"], [name]),
    ]
    model.graph.node.extend(nodes)
    for constant, value in {"all": [0, 1], "one": 1, "zeroth": [0]}.items():
        array = np.array(value, np.int64)
        model.graph.initializer.append(numpy_helper.from_array(array, constant))
    files["model.onnx"] = model.SerializeToString()
    path = write_bundle(versions.folder, files)
    return versions.register(path.name, [], passed=True)


def test_the_pointer_is_followed_to_and_fro_and_an_unchanged_one_loads_nothing(
    tmp_path: Path, shop: Contract
) -> None:
    first, second = add_version(tmp_path, shop), add_version(tmp_path, shop, bias=1, serve=False)
    store, versions = loaded(tmp_path), Versions(tmp_path, shop.name)
    for version in (second, first):
        versions.serve(version, action="promote", why="")
        assert look(store) == version.number
        before = store.current
        store.refresh()
        assert store.current is before


def damage(bundles: Path, contract: Contract, version: Version, kind: str) -> None:
    """Serve a version that cannot, in one of the ways that were found."""
    versions = Versions(bundles, contract.name)
    bundle, pointer = versions.folder / version.bundle, versions.folder / "served"
    if kind.endswith((".onnx", ".json", ".sha256")):
        (bundle / kind).write_bytes(b"{}")
    elif kind == "no contract":
        (bundle / "contract.json").unlink()
    elif kind == "deep version":
        (versions.folder / "versions" / f"{version.number}.json").write_text(DEEP)
    elif kind == "fails when run":
        version = fails_when_run(bundles, contract, version)
    if kind == "folder for a pointer":
        pointer.unlink()
        pointer.mkdir()
    elif kind.startswith("pointer: "):
        write_pointer(pointer, kind.removeprefix("pointer: "))
    else:
        versions.serve(version, action="promote", why="")


KINDS = ["model.onnx", "metadata.json", "checksums.sha256", "no contract", "deep version"]
KINDS += [
    "folder for a pointer",
    "fails when run",
    "pointer: 7",
    "pointer: ../1",
    f"pointer: {DEEP}",
]


@pytest.mark.parametrize("kind", KINDS, ids=[kind[:20] for kind in KINDS])
def test_what_cannot_serve_is_a_reason_the_old_stays_and_the_next_is_followed(
    tmp_path: Path, shop: Contract, kind: str
) -> None:
    old, pointer = add_version(tmp_path, shop), tmp_path / shop.name / "served"
    store, before = loaded(tmp_path), pointer.read_text()
    damage(tmp_path, shop, add_version(tmp_path, shop, bias=1, serve=False), kind)
    for _ in range(3):
        assert look(store) == old.number
        assert store.problem
        assert len(store.problem) <= 500
    started = loaded(tmp_path, shop.name)
    assert started.current is None, "a start with it serves nothing"
    assert started.problem
    if pointer.is_dir():
        pointer.rmdir()
    pointer.write_text(before)
    assert (look(store), store.problem) == (old.number, None)


def test_a_pointer_that_failed_is_tried_again_later(
    tmp_path: Path, shop: Contract, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = add_version(tmp_path, shop)
    model = tmp_path / shop.name / version.bundle / "model.onnx"
    content = model.read_bytes()
    model.write_bytes(b"")
    store = loaded(tmp_path)
    model.write_bytes(content)
    assert look(store) is None
    later = time.monotonic() + module.AGAIN_S
    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: later))
    assert (look(store), store.problem) == (1, None)


def test_another_contract_is_not_swapped_in_under_its_callers(
    tmp_path: Path, shop: Contract
) -> None:
    add_version(tmp_path, shop)
    store, columns = loaded(tmp_path), shop.model_dump()["columns"]

    def serve(**changed: Any) -> int:
        contract = Contract.model_validate({**shop.model_dump(), "columns": columns | changed})
        return add_version(tmp_path, contract).number

    for column in ({"type": "float"}, {"type": "integer", "leaks": True}):
        serve(items=column)
        assert look(store) == 1
        assert "restart the server" in str(store.problem)
    serve(more={"type": "float"})
    assert look(store) == 1
    assert loaded(tmp_path).current is not None
    number = serve(more={"type": "float", "nullable": True}, price={"type": "float", "maximum": 9})
    assert look(store) == number


def test_of_several_models_one_must_be_named(
    tmp_path: Path, shop: Contract, awkward: Contract
) -> None:
    add_version(tmp_path, shop)
    add_version(tmp_path, awkward)
    assert "awkward, shop; set serve.model" in str(loaded(tmp_path).problem)
    assert loaded(tmp_path, "awkward").current is not None


def test_a_server_says_what_cannot_serve_answers_by_the_old_and_follows_the_next(
    tmp_path: Path, shop: Contract, row: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def panic(*_: object) -> None:
        raise PanicError("it panicked")

    config = serve_config(tmp_path)
    with live(config) as client:

        def ready() -> dict[str, Any]:
            content: dict[str, Any] = client.get("/health/ready").json()
            return content

        assert client.get("/health/ready").status_code == 503
        assert "make train" in ready()["problem"]
        for path, body in (("/predict", {"rows": [row]}), ("/feedback", {"labels": []})):
            assert problem_of(client.post(path, json=body), 503).code == "not_ready"
        old = add_version(config.bundles, shop)
        until(lambda: ready()["ready"], "the first model to serve")
        damage(config.bundles, shop, old, "fails when run")
        until(lambda: ready()["problem"] is not None, "the refusal")
        failures = 'background_failures_total{task="model"}'
        until(lambda: scraped(client)[failures] >= 1, "the metric, which follows")
        assert client.post("/predict", json={"rows": [row]}).json()["version"] == old.number
        assert client.get("/model").json()["problem"]
        with monkeypatch.context() as patched:
            patched.setattr(module, "open_bundle", panic)
            add_version(config.bundles, shop, bias=1)
            until(lambda: ready()["problem"] == "it panicked", "the panic")
        newest = add_version(config.bundles, shop, bias=2)
        until(lambda: ready()["version"] == newest.number, "the next")
        assert ready()["problem"] is None


def test_a_server_says_by_which_rule_the_gate_refused(tmp_path: Path, shop: Contract) -> None:
    config = serve_config(tmp_path, model="shop")
    made = add_version(config.bundles, shop, serve=False)
    versions = Versions(config.bundles, shop.name)
    assert "promote one with: promote 1" in versions.unserved()
    checks = [
        {"rule": "parity", "passed": True, "reason": "fine"},
        {"rule": "better than dummy", "passed": False, "reason": "AUC 0.51 [0.46, 0.57]"},
    ]
    versions.register(made.bundle, checks, passed=False)
    with live(config) as client:
        problem = client.get("/health/ready").json()["problem"]
    assert "the gate refused version 2: better than dummy: AUC 0.51" in problem
    assert "parity" not in problem


def test_promotion_and_rollback_are_followed_without_a_failed_or_mixed_answer(
    tmp_path: Path, shop: Contract, row: dict[str, Any]
) -> None:
    config = serve_config(tmp_path)
    versions = Versions(config.bundles, shop.name)
    low = add_version(config.bundles, shop, bias=-9)
    high = add_version(config.bundles, shop, bias=9, serve=False)
    done, answers = threading.Event(), list[Any]()
    with live(config) as client:

        def load() -> None:
            with httpx.Client(base_url=client.base_url, timeout=20) as own:
                while not done.is_set():
                    answers.append(own.post("/predict", json={"rows": [row] * 20}).json())

        def answered(number: int) -> bool:
            return bool(answers) and answers[-1].get("version") == number

        callers = [threading.Thread(target=load) for _ in range(3)]
        for caller in callers:
            caller.start()
        for version in (high, low, high):
            versions.serve(version, action="promote", why="")
            until(partial(answered, version.number), f"version {version.number} to answer")
        done.set()
        for caller in callers:
            caller.join()
    for answer in answers:
        decisions = {prediction["decision"] for prediction in answer["predictions"]}
        assert decisions == {answer["version"] == high.number}
    logged = {(record["request_id"], record["version"]) for record in records(config.log)}
    assert logged == {(answer["request_id"], answer["version"]) for answer in answers}
