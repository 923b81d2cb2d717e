"""Faults of the server's surroundings, planted one by one."""

import os
import re
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from {{ cookiecutter.__package }}.doctor import server
from {{ cookiecutter.__package }}.serving.access.keys import new_key

from ..conftest import PACKAGE
from .conftest import Look


@pytest.fixture
def taken() -> Iterator[int]:
    """A port on which this process listens."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def test_a_port_that_is_free_is_fine(look: Look) -> None:
    assert [finding.level for finding in look(server.port)] == ["fine"]


def test_a_port_that_is_taken_is_told_with_whom_and_a_free_one(look: Look, taken: int) -> None:
    (found,) = look(server.port, f"serve.port={taken}")
    assert found.level == "fault"
    assert f"127.0.0.1:{taken} is taken by" in found.what
    assert f"(process {os.getpid()})" in found.what
    match = re.fullmatch(r'make serve ARGS="--set serve\.port=(\d+)"', found.fix)
    assert match
    assert server.bound("127.0.0.1", int(match[1])) is None


def test_our_own_server_on_the_port_is_fine(
    look: Look, taken: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = f"python -m {PACKAGE} serve"
    monkeypatch.setattr(server, "listener", lambda _: ("python (process 7)", command))
    (found,) = look(server.port, f"serve.port={taken}")
    assert (found.level, "our own server's" in found.what) == ("fine", True)


def test_an_address_of_another_machine_is_told(look: Look) -> None:
    (found,) = look(server.port, "serve.host=192.0.2.1", "serve.port=8000")
    assert "192.0.2.1:8000 is no address of this machine" in found.what
    assert found.fix == 'make serve ARGS="--set serve.host=127.0.0.1"'


def test_a_port_that_is_not_for_everybody_is_told(
    look: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = PermissionError(13, "Permission denied")
    monkeypatch.setattr(server, "bound", lambda *_: refused)
    (found,) = look(server.port, "serve.port=80")
    assert found.fix == 'make serve ARGS="--set serve.port=8000"'


def test_a_server_open_to_others_without_a_key_is_told(look: Look, tmp_path: Path) -> None:
    (found,) = look(server.strangers, "serve.host=0.0.0.0", f"serve.keys={tmp_path / 'keys.json'}")
    assert found.level == "fault"
    assert "there is no API key" in found.what
    assert found.fix.endswith("keys new NAME")


def test_a_server_open_to_others_with_a_key_is_fine(look: Look, tmp_path: Path) -> None:
    new_key(tmp_path / "keys.json", "billing")
    (found,) = look(server.strangers, "serve.host=0.0.0.0", f"serve.keys={tmp_path / 'keys.json'}")
    assert (found.level, found.what) == ("fine", "known: 1, asked on 0.0.0.0")


def test_a_server_open_to_everybody_is_told(look: Look) -> None:
    (found,) = look(server.strangers, "serve.host=0.0.0.0", "serve.open=true")
    assert found.level == "warning"
    assert found.fix.startswith("serve.open: false")


def test_keys_that_are_none_are_told(look: Look, tmp_path: Path) -> None:
    (tmp_path / "keys.json").write_text("[1]")
    (found,) = look(server.strangers, f"serve.keys={tmp_path / 'keys.json'}")
    assert "holds no keys" in found.what
    assert found.fix.startswith(f"mv '{tmp_path / 'keys.json'}'")


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
@pytest.mark.parametrize("name", ["keys.json", ".env"])
def test_secrets_that_others_may_read_are_told(look: Look, tmp_path: Path, name: str) -> None:
    file = tmp_path / name
    file.write_text("[]")
    file.chmod(0o644)
    (found,) = look(server.secrets, f"serve.keys={tmp_path / 'keys.json'}")
    assert "(mode 644)" in found.what
    assert found.fix == f"chmod 600 '{file}'"
    file.chmod(0o600)
    assert look(server.secrets, f"serve.keys={tmp_path / 'keys.json'}") == []


def test_secrets_in_git_are_told(look: Look, tmp_path: Path) -> None:
    file = tmp_path / "keys.json"
    file.write_text("[]")
    file.chmod(0o600)
    for command in (("init", "--quiet"), ("add", "--force", "keys.json")):
        subprocess.run(("git", *command), cwd=tmp_path, check=True)
    (found,) = look(server.secrets, f"serve.keys={file}")
    assert found.level == "fault"
    assert found.fix.startswith(f"git rm --cached '{file}'")


def test_signatures_without_a_key_are_told(look: Look, monkeypatch: pytest.MonkeyPatch) -> None:
    (found,) = look(server.signatures, "serve.require_signature=true")
    assert found.level == "fault"
    assert found.fix.startswith("export BUNDLE_KEY=")
    monkeypatch.setenv("BUNDLE_KEY", "k" * 32)
    (found,) = look(server.signatures, "serve.require_signature=true")
    assert found.level == "fine"
