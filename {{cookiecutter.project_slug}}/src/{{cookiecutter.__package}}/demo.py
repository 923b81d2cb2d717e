"""``demo``: every stage one after the other, each as its own process, as a person would call them."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx

from .config import load
from .contract import load_contract
from .errors import AlertRaised, ProjectError, ServerUnreachableError
from .models.versions import Versions
from .terminal import say

READY_S = 60.0


def run(configs: Path, overrides: list[str]) -> None:
    """Run data, train, serve, score, replay and monitor; stop the server."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    local = [f"serve.port={port}", "serve.host=127.0.0.1", "serve.keys=null", *overrides]
    config = load(configs, local)
    arguments = ["--configs", str(configs), *(f"--set={one}" for one in local)]
    start = time.monotonic()
    stage("data", *arguments)
    stage("train", *arguments)
    versions = Versions(config.train.bundles, load_contract(configs / "contract.yaml").name)
    if versions.served() is None:
        say(f"\nstopped   {versions.unserved()}")
        return
    with server(arguments, f"http://{config.serve.host}:{config.serve.port}"):
        stage("score", *arguments)
        stage("replay", *arguments)
    stage("monitor", *arguments, "--fail-on-alert", may_end_with=AlertRaised.exit_code)
    took_s = time.monotonic() - start
    say(f"\ndone in {took_s:.0f} s: the model is trained, gated, served and monitored")
    say("next      make serve; your own data: make adopt CSV=rows.csv TARGET=column")


def _command(name: str, *arguments: str) -> list[str]:
    return [sys.executable, "-m", str(__package__), name, *arguments]


def stage(name: str, *arguments: str, may_end_with: int = 0) -> None:
    """Run a command as a person would; a ``ProjectError`` if it failed, of which it said why."""
    say(f"\n── {name} {'─' * (70 - len(name))}")
    start = time.monotonic()
    code = subprocess.run(_command(name, *arguments), check=False).returncode
    if code not in {0, may_end_with}:
        raise ProjectError(f"'{name}' ended with exit code {code}; see its message above")
    say(f"({time.monotonic() - start:.0f} s)")


@contextmanager
def server(arguments: list[str], url: str) -> Iterator[None]:
    """Serve in the background while the block runs; ``ServerUnreachableError`` without a start."""
    say(f"\n── serve (in the background) {'─' * 43}")
    process = subprocess.Popen(_command("serve", *arguments))
    try:
        deadline = time.monotonic() + READY_S
        while not _is_ready(url):
            if process.poll() is not None:
                raise ServerUnreachableError("the server stopped at its start; see its message")
            if time.monotonic() > deadline:
                raise ServerUnreachableError(
                    f"the server at {url} is not ready after {READY_S:.0f} s"
                )
            time.sleep(0.2)
        say(f"ready     {url}")
        yield
    finally:
        process.terminate()
        process.wait(timeout=30)
        say("\nserver stopped")


def _is_ready(url: str) -> bool:
    with suppress(httpx.TransportError):
        return httpx.get(f"{url}/health/ready", timeout=2.0).is_success
    return False
