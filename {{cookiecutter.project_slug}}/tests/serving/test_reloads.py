"""A hundred versions in turn, some of which cannot serve, while callers ask without a pause."""

import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.models.bundle import write_bundle
from {{ cookiecutter.__package }}.models.versions import Version, Versions

from .conftest import serve_config
from .live import add_version, live, records, small_graph, until

RELOADS, CALLERS, N_ROWS = 100, 3, 20


class Callers:
    """Threads that ask again and again; what they were answered."""

    def __init__(self, url: str, row: dict[str, Any]) -> None:
        self.answers: list[dict[str, Any]] = []
        self.failed: list[str] = []
        self._url = url
        self._body = json.dumps({"rows": [row] * N_ROWS}).encode()
        self._done = threading.Event()
        self._threads = [threading.Thread(target=self._ask) for _ in range(CALLERS)]

    def __enter__(self) -> "Callers":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        for thread in self._threads:
            thread.join()

    def _ask(self) -> None:
        with httpx.Client(base_url=self._url, timeout=20) as client:
            while not self._done.is_set():
                response = client.post("/predict", content=self._body)
                if response.status_code == 200:
                    self.answers.append(response.json())
                else:
                    self.failed.append(response.text)


def damaged(versions: Versions, shop: Contract, how: str, bias: float) -> Version:
    """A version that cannot serve."""
    if how == "another contract":
        columns = {name: column.model_dump() for name, column in shop.columns.items()}
        columns["gift"]["nullable"] = False
        other = Contract.model_validate({**shop.model_dump(), "columns": columns})
        return add_version(versions.folder.parent, other, bias=bias, serve=False)
    version = add_version(versions.folder.parent, shop, bias=bias, serve=False)
    model = versions.folder / version.bundle / "model.onnx"
    content = model.read_bytes()
    if how == "no number":
        files = {path.name: path.read_bytes() for path in model.parent.iterdir()}
        del files["checksums.sha256"]
        files["model.onnx"] = small_graph(shop, np.nan)
        return versions.register(write_bundle(versions.folder, files).name, [], passed=True)
    if how == "a flipped bit":
        model.write_bytes(content[:100] + bytes([content[100] ^ 1]) + content[101:])
    elif how == "a cut file":
        model.write_bytes(content[: len(content) // 2])
    else:
        model.unlink()
    return version


BAD = {
    "a flipped bit": "model.onnx is absent or damaged",
    "a cut file": "model.onnx is absent or damaged",
    "no file": "model.onnx is absent or damaged",
    "no number": "the graph gave a result that is no probability",
    "another contract": "has another contract than version",
}


@pytest.mark.slow
def test_of_a_hundred_reloads_none_fails_a_request_and_bad_ones_change_nothing(
    tmp_path: Path, shop: Contract, row: dict[str, Any]
) -> None:
    config = serve_config(tmp_path)
    versions = Versions(config.bundles, shop.name)
    good = [add_version(config.bundles, shop, bias=bias) for bias in (9, -9)]
    bad = list(BAD) * 2
    with live(config) as client, Callers(str(client.base_url), row) as callers:

        def ready() -> Any:
            return client.get("/health/ready").json()

        def says(text: str) -> Callable[[], bool]:
            return lambda: text in (ready()["problem"] or "")

        def serves(version: Version) -> Callable[[], bool]:
            return lambda: ready() == {"ready": True, "version": version.number, "problem": None}

        for number in range(RELOADS):
            if number % 10 == 5:
                how = bad.pop()
                worse = damaged(versions, shop, how, bias=number)
                versions.serve(worse, action="promote", why="")
                until(says(BAD[how]), f"the refusal of {how}")
                assert ready()["version"] == good[(number - 1) % 2].number
            else:
                versions.serve(good[number % 2], action="promote", why="")
                until(serves(good[number % 2]), f"reload {number}")
        failures = client.get("/metrics").text
    assert bad == []
    assert "model_reload_failures 10.0" in failures
    assert callers.failed == []
    high, low = (version.number for version in good)
    assert {answer["version"] for answer in callers.answers} == {high, low}
    for answer in callers.answers:
        decisions = {prediction["decision"] for prediction in answer["predictions"]}
        assert decisions == {answer["version"] == high}
    logged = {(record["request_id"], record["version"]) for record in records(config.log)}
    assert logged == {(answer["request_id"], answer["version"]) for answer in callers.answers}
