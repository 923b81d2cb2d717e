"""The pointer is followed, and nothing that a bundle, a file or a disk does ends that."""

import threading
import time
from contextlib import suppress
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.errors import ModelFailedError
from {{ cookiecutter.__package }}.models.versions import Versions
from {{ cookiecutter.__package }}.serving import store as module
from {{ cookiecutter.__package }}.serving.predictor import Predictor
from {{ cookiecutter.__package }}.serving.store import Store

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


def loaded(folder: Path) -> Store:
    """A store that has looked once."""
    store = Store(Versions(folder, "shop"), 100)
    look(store)
    return store


# what is written in the model's folder once version 2 serves, None where a folder takes its place
DAMAGE = [
    ("bundle/model.onnx", "{}"),
    ("bundle/metadata.json", "{}"),
    ("bundle/checksums.sha256", "{}"),
    ("bundle/contract.json", None),
    ("versions/2.json", DEEP),
    ("served", None),
    ("served", "7"),
    ("served", "../1"),
    ("served", DEEP),
]


@pytest.mark.parametrize(("place", "content"), DAMAGE)
def test_what_cannot_serve_is_a_reason_the_old_stays_and_the_next_is_followed(
    tmp_path: Path, shop: Contract, place: str, content: str | None
) -> None:
    folder, old = tmp_path / shop.name, add_version(tmp_path, shop)
    store, pointer = loaded(tmp_path), folder / "served"
    before = pointer.read_text()
    path = folder / place.replace("bundle", add_version(tmp_path, shop, bias=1).bundle)
    path.unlink()
    if content is None:
        path.mkdir()
    else:
        path.write_text(content)
    for _ in range(3):
        assert look(store) == old.number
        assert store.problem
        assert len(store.problem) <= 500
    started = loaded(tmp_path)
    assert started.current is None, "a start with it serves nothing"
    assert started.problem
    if pointer.is_dir():
        pointer.rmdir()
    pointer.write_text(before)
    assert (look(store), store.problem) == (old.number, None)


def test_a_version_that_fails_for_its_typical_row_waits_and_is_tried_again_later(
    tmp_path: Path, shop: Contract, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ModelFailedError("no probability")

    add_version(tmp_path, shop)
    store = loaded(tmp_path)
    add_version(tmp_path, shop, bias=1)
    with monkeypatch.context() as patched:
        patched.setattr(Predictor, "predict", fail)
        assert (look(store), store.problem) == (1, "no probability")
    assert look(store) == 1
    later = time.monotonic() + module.RETRY_S
    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: later))
    assert (look(store), store.problem) == (2, None)


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


def test_a_server_says_what_cannot_serve_answers_by_the_old_and_follows_the_next(
    tmp_path: Path, shop: Contract, row: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def panic(*_: object) -> None:
        raise PanicError("it panicked")

    config = serve_config(tmp_path)
    with live(config) as client:

        def ready() -> Any:
            return client.get("/health/ready").json()

        assert client.get("/health/ready").status_code == 503
        assert "make train" in ready()["problem"]
        for path, body in (("/predict", {"rows": [row]}), ("/feedback", {"labels": []})):
            assert problem_of(client.post(path, json=body), 503).code == "not_ready"
        old = add_version(config.bundles, shop)
        until(lambda: ready()["ready"], "the first model to serve")
        with monkeypatch.context() as patched:
            patched.setattr(module, "open_bundle", panic)
            add_version(config.bundles, shop, bias=1)
            until(lambda: ready()["problem"] == "it panicked", "the panic")
        failures = 'background_failures_total{task="model"}'
        until(lambda: scraped(client)[failures] >= 1, "the metric, which follows")
        assert client.post("/predict", json={"rows": [row]}).json()["version"] == old.number
        assert client.get("/model").json()["problem"] == "it panicked"
        newest = add_version(config.bundles, shop, bias=2)
        until(lambda: ready()["version"] == newest.number, "the next")
        assert ready()["problem"] is None


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
