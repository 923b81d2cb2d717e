"""The server: its port, who may come, what is secret."""

import errno
import os
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

from ..errors import ConfigError
from ..models.signature import demanded
from ..serving.access.guard import is_open, refuse_strangers
from ..serving.access.keys import read_keys
from .finding import COMMAND, ROOT_MODULE, Finding, fault, fine, warning
from .machine import asked
from .project import Project
from .running import listener

PRIVATE = stat.S_IRWXG | stat.S_IRWXO
SERVE = 'make serve ARGS="--set serve.{}"'


def port(project: Project) -> Iterator[Finding]:
    """Whether the server could listen where it is to."""
    host, number = project.config.serve.host, project.config.serve.port
    refused = bound(host, number)
    if refused is None:
        yield fine("port", f"{host}:{number} is free")
    elif refused.errno == errno.EADDRINUSE:
        who, command = listener(number)
        if ROOT_MODULE in command and "serve" in command:
            yield fine("port", f"{host}:{number} is our own server's, {who}")
            return
        fix = SERVE.format(f"port={free_port(host)}")
        yield fault("port", f"{host}:{number} is taken by {who}", fix)
    elif refused.errno == errno.EACCES:
        what = f"{host}:{number}: ports below 1024 are not for everybody"
        yield fault("port", what, SERVE.format("port=8000"))
    else:
        what = f"{host}:{number} is no address of this machine: {refused.strerror}"
        yield fault("port", what, SERVE.format("host=127.0.0.1"))


def bound(host: str, number: int) -> OSError | None:
    """What keeps one from listening on an address, as the server would."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tried.bind((host, number))
            tried.listen()
        except OSError as error:
            return error
    return None


def free_port(host: str) -> int:
    """A port on which nobody listens at present."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as tried:
        tried.bind((host, 0))
        number: int = tried.getsockname()[1]
    return number


def strangers(project: Project) -> Iterator[Finding]:
    """Whether others than this machine could ask, and with what."""
    serve = project.config.serve
    try:
        refuse_strangers(serve)
    except ConfigError as error:
        kept = serve.keys
        damaged = kept is not None and kept.exists() and "holds no keys" in str(error)
        new = f"{COMMAND} keys new NAME"
        yield fault(
            "keys", str(error), f"mv '{kept}' '{kept}.damaged' && {new}" if damaged else new
        )
        return
    count = len(read_keys(serve.keys)) if serve.keys else 0
    if is_open(serve) and serve.open:
        what = f"serve.open: whoever reaches {serve.host} is answered without a key"
        yield warning("keys", what, f"serve.open: false  # in {project.configs / 'serve.yaml'}")
    else:
        yield fine("keys", f"known: {count}, asked on {serve.host}")


def secrets(project: Project) -> Iterator[Finding]:
    """Whether files with secrets are their owner's alone, and not in git."""
    kept = project.config.serve.keys
    for file in filter(Path.exists, [project.root / ".env", *([kept] if kept else [])]):
        mode = stat.S_IMODE(file.stat().st_mode)
        if os.name != "nt" and mode & PRIVATE:
            what = f"'{file}' may be read by others (mode {mode:o})"
            yield warning("secrets", what, f"chmod 600 '{file}'")
        if asked(project.root, "ls-files", "--error-unmatch", str(file)) is not None:
            what = f"'{file}' is in git, with whatever it holds"
            fix = f"git rm --cached '{file}'  # then replace every key in it"
            yield fault("secrets", what, fix)


def signatures(project: Project) -> Iterator[Finding]:
    """Whether there is the key that bundles must be signed with."""
    try:
        keys = demanded(project.config.serve)
    except ConfigError as error:
        yield fault("signatures", str(error), f"export BUNDLE_KEY=$({COMMAND} bundle key)")
        return
    yield fine("signatures", "demanded, and there is a key" if keys else "not demanded")
