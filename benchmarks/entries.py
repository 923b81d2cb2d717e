"""Who answers: how each server is started, and what it is asked."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

from answering import Server
from environments import environment_of
from measuring import HERE, WORK
from served import NATIVE, RECORDS, Model
from servers.given import FOLDER

LIVE = WORK / "serve" / "live"
"""Where the project's server logs its predictions."""
# Nobody is to write home, or a line for each request.
QUIET = {
    "BENTOML_DO_NOT_TRACK": "True",
    "BENTOML_HOME": str(WORK / "serve" / "bentoml"),
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "UVICORN_ACCESS_LOG": "false",
    "UVICORN_LOG_LEVEL": "warning",
}
PEERS = {"mosec": "mosec", "litserve": "LitServe", "bentoml": "BentoML", "mlflow": "MLflow"}


def titled(peer: str) -> str:
    """A peer's name, with the version that its requirements pin."""
    text = (HERE / "servers" / f"{peer}.txt").read_text("utf-8")
    (version,) = re.findall(rf"^{peer}==(\S+)$", text, re.MULTILINE)
    return f"{PEERS[peer]} {version}"


def entries_of(models: Mapping[str, Model], serving: Path) -> dict[str, Server]:
    """Every entry, by the name of its server, and of its model where that is not the first."""
    flights, *wide = models
    entries = {
        "bare": script(models[flights], serving, "bare", "{port}"),
        "own": own(models[flights], serving),
        "own2": own(models[flights], serving, n_workers=2),
        "fastapi": script(models[flights], serving, "fastapi_route", "{port}"),
        **peers(models[flights]),
    }
    for name in wide:
        entries[f"bare, {name}"] = script(models[name], serving, "bare", "{port}")
        entries[f"own, {name}"] = own(models[name], serving)
    return entries


def own(model: Model, python: Path, n_workers: int = 1) -> Server:
    """The project's, as it is installed, with the settings that it was rendered with."""
    settings = ("serve.port={port}", f"serve.workers={n_workers}", f"serve.log={LIVE}")
    chosen = [part for setting in settings for part in ("--set", setting)]
    return Server(
        command=(python, "-P", "-m", "flight_delay", "serve", *chosen),
        folder=model.project,
        body=model.given / NATIVE,
        probability=model.probability,
        n_workers=n_workers,
    )


def script(model: Model, python: Path, name: str, *arguments: str) -> Server:
    """A server of the folder servers/."""
    return given(model, python, f"servers.{name}", *arguments)


def given(
    model: Model, python: Path, *arguments: str, body: str = NATIVE, path: str = "/predict"
) -> Server:
    """A module that opens what the model hands over."""
    return Server(
        command=(python, "-m", *arguments),
        folder=HERE,
        body=model.given / body,
        probability=model.probability,
        path=path,
        environment=environment(model, python),
    )


def environment(model: Model, python: Path) -> dict[str, str]:
    """The folder that is handed over, and the programs beside the interpreter on PATH."""
    path = f"{python.parent}{os.pathsep}{os.environ['PATH']}"
    return {**QUIET, FOLDER: str(model.given), "PATH": path}


def peers(model: Model) -> dict[str, Server]:
    """The model servers, each in an environment of its own."""
    python = {name: environment_of(name) for name in PEERS}
    front = ("--address", "127.0.0.1", "--port", "{port}", "--log-level", "warning")
    service = ("serve", "servers.bentoml_service:Predict", "--host", "127.0.0.1")
    saved = save_for_mlflow(model, python["mlflow"])
    scoring = ("models", "serve", "--model-uri", str(saved), "--env-manager", "local")
    one = ("--workers", "1", "--port", "{port}")
    return {
        "mosec": script(model, python["mosec"], "mosec_worker", *front),
        "litserve": script(model, python["litserve"], "litserve_api", "{port}"),
        "bentoml": given(model, python["bentoml"], "bentoml", *service, "--port", "{port}"),
        "mlflow": given(
            model, python["mlflow"], "mlflow", *scoring, *one, body=RECORDS, path="/invocations"
        ),
    }


def save_for_mlflow(model: Model, python: Path) -> Path:
    """The model as MLflow serves it."""
    folder = model.given / "mlflow"
    subprocess.run(
        [python, "-m", "servers.mlflow_model", folder],
        cwd=HERE,
        env={**os.environ, **environment(model, python)},
        check=True,
        capture_output=True,  # it warns of much
    )
    return folder
