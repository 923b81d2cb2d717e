"""The pointer is followed, and nothing that a bundle, a file or a disk does ends that."""

import json
import threading
from functools import partial
from pathlib import Path
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


def loaded(folder: Path, model: str | None = None) -> Store:
    """A store that has looked once."""
    store = Store(folder, model, 100)
    store.refresh()
    return store


def serving(store: Store) -> int | None:
    return store.current.version if store.current else None


def fails_when_run(bundles: Path, contract: Contract, version: Version) -> Version:
    """A version whose graph loads and answers the golden rows, and fails for any other number of rows."""
    versions = Versions(bundles, contract.name)
    folder = versions.folder / version.bundle
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    del files["checksums.sha256"]
    model = onnx.load_model_from_string(files["model.onnx"])
    name = model.graph.output[0].name
    model.graph.node[-1].output[0] = "whole"
    # the typical row has a price, which the golden row has not: a reshape then fails
    nodes = [
        helper.make_node("ReduceSum", ["known", "all"], ["total"], keepdims=0),
        helper.make_node("Cast", ["total"], ["n"], to=onnx.TensorProto.INT64),
        helper.make_node("Add", ["n", "one"], ["size"]),
        helper.make_node("Unsqueeze", ["size", "zeroth"], ["shape"]),
        helper.make_node("Reshape", ["whole", "shape"], [name]),
    ]
    model.graph.node.extend(nodes)
    constants = {"all": [0, 1], "one": 1, "zeroth": [0]}
    for constant, value in constants.items():
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
        store.refresh()
        before = store.current
        store.refresh()
        assert store.current is before
        assert serving(store) == version.number


def damage(bundles: Path, contract: Contract, version: Version, kind: str) -> None:
    """Serve a version that cannot, in one of the ways that were found."""
    folder, pointer = bundles / contract.name, bundles / contract.name / "served"
    files = {"graph": "model.onnx", "metadata": "metadata.json", "checksums": "checksums.sha256"}
    if kind in files:
        (folder / version.bundle / files[kind]).write_bytes(b"{}")
    elif kind == "no contract":
        (folder / version.bundle / "contract.json").unlink()
    elif kind == "deep version":
        (folder / "versions" / f"{version.number}.json").write_text(DEEP)
    elif kind == "version of another time":
        (folder / "versions" / f"{version.number}.json").write_text('{"folder": 1}')
    if kind == "folder for a pointer":
        pointer.unlink(missing_ok=True)
        pointer.mkdir()
    elif kind == "fails when run":
        bad = fails_when_run(bundles, contract, version)
        Versions(bundles, contract.name).serve(bad, action="promote", why="")
    elif kind.startswith("pointer: "):
        write_pointer(pointer, kind.removeprefix("pointer: "))
    elif kind == "deep pointer":
        write_pointer(pointer, DEEP)
    else:
        Versions(bundles, contract.name).serve(version, action="promote", why="")


KINDS = ["graph", "metadata", "checksums", "no contract", "deep version"]
KINDS += ["version of another time", "folder for a pointer", "fails when run", "deep pointer"]
KINDS += ["pointer: 7", "pointer: latest", "pointer: 1.5", "pointer: ../1"]


@pytest.mark.parametrize("kind", KINDS)
def test_what_cannot_serve_is_a_reason_the_old_stays_and_the_next_is_followed(
    tmp_path: Path, shop: Contract, kind: str
) -> None:
    old, versions = add_version(tmp_path, shop), Versions(tmp_path, shop.name)
    store = loaded(tmp_path)
    pointer = (versions.folder / "served").read_text()
    new = add_version(tmp_path, shop, bias=1, serve=False)
    damage(tmp_path, shop, new, kind)
    for _ in range(3):
        store.refresh()
        assert (serving(store), store.failures) == (old.number, 1)
        assert store.problem
        assert len(store.problem) <= 500
    assert loaded(tmp_path, shop.name).current is None, "a start with it serves nothing"
    assert loaded(tmp_path, shop.name).problem
    if kind == "folder for a pointer":
        (versions.folder / "served").rmdir()
    (versions.folder / "served").write_text(pointer)
    store.refresh()
    assert (serving(store), store.problem) == (old.number, None)


def test_a_pointer_that_failed_is_tried_again_later(
    tmp_path: Path, shop: Contract, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = add_version(tmp_path, shop)
    model = tmp_path / shop.name / version.bundle / "model.onnx"
    content = model.read_bytes()
    model.write_bytes(b"")
    store = loaded(tmp_path)
    model.write_bytes(content)
    store.refresh()
    assert store.current is None
    monkeypatch.setattr(module, "AGAIN_S", 0.0)
    store.refresh()
    assert (serving(store), store.problem) == (1, None)


def test_another_contract_is_not_swapped_in_under_its_callers(
    tmp_path: Path, shop: Contract
) -> None:
    def changed(**changes: Any) -> Contract:
        return Contract.model_validate({**shop.model_dump(), **changes})

    add_version(tmp_path, shop)
    store, columns = loaded(tmp_path), shop.model_dump()["columns"]
    for other in (
        changed(columns={name: one for name, one in columns.items() if name != "items"}),
        changed(columns={**columns, "more": {"type": "float"}}),
        changed(columns={**columns, "items": {"type": "float"}}),
        changed(columns={**columns, "price": columns["price"] | {"maximum": 500}}),
    ):
        add_version(tmp_path, other)
        store.refresh()
        assert serving(store) == 1
        assert "restart the server" in str(store.problem)
        assert loaded(tmp_path).current is not None
    alike = changed(columns={**columns, "more": {"type": "float", "nullable": True}})
    made = add_version(tmp_path, alike)
    store.refresh()
    assert serving(store) == made.number


def test_of_several_models_one_must_be_named(
    tmp_path: Path, shop: Contract, awkward: Contract
) -> None:
    add_version(tmp_path, shop)
    add_version(tmp_path, awkward)
    assert "awkward, shop; set serve.model" in str(loaded(tmp_path).problem)
    assert serving(loaded(tmp_path, "awkward")) == 1


def test_a_server_says_what_cannot_serve_answers_by_the_old_and_follows_the_next(
    tmp_path: Path, shop: Contract, row: dict[str, Any]
) -> None:
    config = serve_config(tmp_path)
    with live(config) as client:
        ready = client.get("/health/ready")
        assert (ready.status_code, "make train" in ready.json()["problem"]) == (503, True)
        for path, body in (("/predict", {"rows": [row]}), ("/feedback", {"labels": []})):
            assert problem_of(client.post(path, json=body), 503).code == "not_ready"
        old = add_version(config.bundles, shop)
        until(lambda: client.get("/health/ready").status_code == 200, "the first model to serve")
        damage(config.bundles, shop, old, "fails when run")
        until(lambda: client.get("/health/ready").json()["problem"] is not None, "the refusal")
        until(lambda: scraped(client)["model_reload_failures"] == 1, "the metric, which follows")
        assert client.post("/predict", json={"rows": [row]}).json()["version"] == old.number
        assert client.get("/model").json()["problem"]
        newest = add_version(config.bundles, shop, bias=2)
        until(lambda: client.get("/health/ready").json()["version"] == newest.number, "the next")
        assert client.get("/health/ready").json()["problem"] is None


def test_promotion_and_rollback_are_followed_without_a_failed_or_mixed_answer(
    tmp_path: Path, shop: Contract, row: dict[str, Any]
) -> None:
    config = serve_config(tmp_path)
    versions = Versions(config.bundles, shop.name)
    low = add_version(config.bundles, shop, bias=-9)
    high = add_version(config.bundles, shop, bias=9, serve=False)
    done, answers, failed = threading.Event(), [], []
    with live(config) as client:

        def load() -> None:
            with httpx.Client(base_url=client.base_url, timeout=20) as own:
                while not done.is_set():
                    response = own.post("/predict", json={"rows": [row] * 20})
                    if response.status_code == 200:
                        answers.append(response.json())
                    else:
                        failed.append(response.text)

        def answered(number: int) -> bool:
            return bool(answers) and answers[-1]["version"] == number

        callers = [threading.Thread(target=load) for _ in range(3)]
        for caller in callers:
            caller.start()
        for version in (high, low, high):
            versions.serve(version, action="promote", why="")
            until(partial(answered, version.number), f"version {version.number} to answer")
        done.set()
        for caller in callers:
            caller.join()
    assert failed == []
    for answer in answers:
        decisions = {prediction["decision"] for prediction in answer["predictions"]}
        assert decisions == {answer["version"] == high.number}
    logged = {(record["request_id"], record["version"]) for record in records(config.log)}
    assert logged == {(answer["request_id"], answer["version"]) for answer in answers}


def test_nothing_that_a_background_look_raises_ends_the_looks(
    tmp_path: Path, shop: Contract, monkeypatch: pytest.MonkeyPatch
) -> None:
    class PanicError(BaseException):
        """As a panic in Rust is raised."""

    def panic(*_: object) -> None:
        raise PanicError("it panicked")

    config = serve_config(tmp_path)
    with live(config) as client:
        with monkeypatch.context() as patched:
            patched.setattr(module, "open_bundle", panic)
            add_version(config.bundles, shop)
            until(lambda: "panicked" in client.get("/health/ready").text, "the problem")
        version = add_version(config.bundles, shop, bias=1)
        until(lambda: client.get("/health/ready").json()["version"] == version.number, "the next")
    assert json.loads((config.bundles / "shop" / "served").read_text())["to"] == version.number
