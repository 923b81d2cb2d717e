"""The client and the project's own server; and the client without the project."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from {{ cookiecutter.__package }} import client as room
from {{ cookiecutter.__package }} import errors
from {{ cookiecutter.__package }}.client import (
    Client,
    RequestRefusedError,
    ServerFailedError,
)
from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.models.tasks import task_of

from ..serving.conftest import serve_config
from ..serving.live import add_version, live, records
from ..synthesized import synthesize

ALONE = """
import sys
from theirs.client import Client
from theirs.errors import ServerUnreachableError
try:
    Client("http://127.0.0.1:9", retries=0).ready()
except ServerUnreachableError as error:
    print(error.exit_code, *{name.partition(".")[0] for name in sys.modules})
"""


def test_every_task_is_answered_and_logged_as_it_was_sent(
    tmp_path: Path, any_shop: Contract
) -> None:
    config = serve_config(tmp_path)
    with live(config) as server, Client(str(server.base_url), retries=0) as client:
        rows = synthesize(any_shop, 50).select(any_shop.request).to_pylist()
        with pytest.raises(ServerFailedError, match=r"503 not_ready.*make train"):
            client.predict(rows)
    add_version(config.bundles, any_shop)
    with live(config) as server, Client(str(server.base_url)) as client:
        answer = client.predict(rows)
        assert client.ready() == {"ready": True, "version": 1, "problem": None}
        model = client.model()
        with pytest.raises(RequestRefusedError) as caught:
            client.predict([rows[0], {**rows[1], "price": 1001.0}])
    assert (answer.model, answer.version) == (model["name"], model["version"]) == ("shop", 1)
    (fault,) = caught.value.faults
    assert (fault["field"], fault["rule"]) == ("rows.1.price", "less_than_equal")
    logged, output = records(config.log), task_of(any_shop).output
    found = [prediction[output] for prediction in answer.predictions]
    assert [list(p.values()) if isinstance(p, dict) else p for p in found] == [
        record[output] for record in logged
    ]
    assert {record["request_id"] for record in logged} == {answer.request_id}
    sent = [(row["order"], row["at"].isoformat().replace("+00:00", "Z")) for row in rows]
    assert [(r["columns"]["order"], r["columns"]["at"]) for r in logged] == sent


def alone(folder: Path, code: str) -> "subprocess.CompletedProcess[str]":
    """Run code beside a copy of the client in another team's package."""
    (folder / "theirs").mkdir()
    (folder / "theirs" / "__init__.py").touch()
    shutil.copytree(Path(room.__file__).parent, folder / "theirs" / "client")
    shutil.copy(errors.__file__, folder / "theirs")
    command = [sys.executable, "-c", code]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_a_copy_of_it_and_of_the_errors_runs_in_another_package(tmp_path: Path) -> None:
    ran = alone(tmp_path, ALONE)
    code, *modules = ran.stdout.split()
    assert code == "7", ran.stderr
    assert {"httpx", "theirs"} <= set(modules)
    project = room.__name__.partition(".")[0]
    assert set(modules) & {project, "numpy", "pydantic", "yaml", "fastapi", "onnxruntime"} == set()
