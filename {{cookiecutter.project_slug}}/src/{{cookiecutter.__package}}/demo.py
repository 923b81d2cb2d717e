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
CLOSED = ("serve.host=127.0.0.1", "serve.keys=null")
"""The demo's server is for this machine alone, so that it needs no key."""


def run(configs: Path, overrides: list[str]) -> None:
    """Run data, train, serve, score, replay and monitor; stop the server."""
    usual = load(configs, overrides).serve
    overrides = [f"serve.port={free_port()}", *CLOSED, *overrides]
    config = load(configs, overrides)
    arguments = ["--configs", str(configs)]
    arguments += [word for override in overrides for word in ("--set", override)]
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
    stage("monitor", *arguments, "--fail-on-alert", calm=(0, AlertRaised.exit_code))
    took_s = time.monotonic() - start
    say(f"\ndone in {took_s:.0f} s: the model is trained, gated, served and monitored")
    say(
        f"next      make serve, then open http://{usual.host}:{usual.port}; your own data:"
        " make adopt CSV=rows.csv TARGET=column"
    )


def free_port() -> int:
    """A port that nobody listens on, so that the demo talks to its own server."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def _command(name: str, *arguments: str) -> list[str]:
    return [sys.executable, "-m", str(__package__), name, *arguments]


def stage(name: str, *arguments: str, calm: tuple[int, ...] = (0,)) -> None:
    """Run a command as a person would; a ``ProjectError`` if it failed, of which it said why."""
    say(f"\n── {name} {'─' * (70 - len(name))}")
    start = time.monotonic()
    code = subprocess.run(_command(name, *arguments), check=False).returncode
    if code not in calm:
        raise ProjectError(f"'{name}' ended with exit code {code}; see its message above")
    say(f"({time.monotonic() - start:.0f} s)")


@contextmanager
def server(arguments: list[str], url: str) -> Iterator[None]:
    """Serve in the background while the block runs; ``ServerUnreachableError`` without a start."""
    say(f"\n── serve (in the background) {'─' * 43}")
    process = subprocess.Popen(_command("serve", *arguments))
    try:
        _wait(process, url)
        yield
    finally:
        process.terminate()
        process.wait(timeout=30)
        say("\nserver stopped")


def _wait(process: "subprocess.Popen[bytes]", url: str) -> None:
    deadline = time.monotonic() + READY_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise ServerUnreachableError("the server stopped at its start; see its message above")
        with suppress(httpx.TransportError):
            state = httpx.get(f"{url}/health/ready", timeout=2.0).json()
            if state["ready"]:
                say(f"ready     version {state['version']} serves at {url}")
                return
        time.sleep(0.2)
    raise ServerUnreachableError(f"the server at {url} was not ready within {READY_S:.0f} s")
