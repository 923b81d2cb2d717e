"""Who is let in, and the file of keys with the commands that change it."""

import re
import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from {{ cookiecutter.__package }} import cli
from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.errors import ConfigError
from {{ cookiecutter.__package }}.serving.auth import (
    Guard,
    new_key,
    read_keys,
)
from {{ cookiecutter.__package }}.serving.problems import ProblemError
from {{ cookiecutter.__package }}.serving.server import serve
from {{ cookiecutter.__package }}.storage import write_file

from .callers import ask, connect, post, problem_of
from .conftest import Serving, serve_config
from .live import add_version, live, make_key, settings_of, until
from .test_metrics import scraped
from .test_server import SETTINGS

NEED_KEYS = ["/model", "/metrics", "/openapi.json", "/no/such", "/page"]
OPEN = ["/health/live", "/health/ready", "/", "/docs", "/page/page.js", "/docs/ui/swagger-ui.css"]
LEADING_OUT = ["/page/../model", "/page/%2e%2e/model", "//model", "/docs/ui/..%2f..%2fmodel"]
NO_FILES = ["/page/", "/page/../app.py", "/page/%2e%2e/app.py", "/redoc"]
SENT = [None, "", "Bearer", "Bearer key_x", "Basic {key}", "{key}", "Bearer {key}x"]


def bearer(key: str) -> dict[str, str]:
    return {"authorization": f"Bearer {key}"}


@pytest.fixture(scope="module")
def guarded(
    tmp_path_factory: pytest.TempPathFactory, shop: Contract
) -> Iterator[tuple[httpx.Client, str]]:
    """A server with a key."""
    folder = tmp_path_factory.mktemp("guarded")
    config, key = serve_config(folder), make_key(folder / "keys.txt")
    add_version(config.bundles, shop)
    with live(config) as client:
        yield client, key


def test_probes_and_pages_are_open_and_all_else_needs_a_key(
    guarded: tuple[httpx.Client, str], row: dict[str, Any]
) -> None:
    client, headers = guarded[0], bearer(guarded[1])
    assert {client.get(path).status_code for path in OPEN} == {200}
    for path in NEED_KEYS:
        assert client.get(path).status_code == 401, path
        assert client.get(path, headers=headers).status_code in (200, 404), path
    for path in (*LEADING_OUT, *NO_FILES):
        url = client.base_url.copy_with(raw_path=path.encode())
        assert client.get(url).status_code in (401, 404)
        if path in NO_FILES:
            assert problem_of(client.get(url, headers=headers), 404).code == "not_found"
    assert client.post("/predict", json={"rows": [row]}, headers=headers).status_code == 200
    assert client.get("/health/ready").json() == {"ready": True, "version": None, "problem": None}


def test_no_key_and_a_wrong_one_are_answered_alike(guarded: tuple[httpx.Client, str]) -> None:
    client, key = guarded
    for sent in SENT:
        headers = {} if sent is None else {"authorization": sent.format(key=key)}
        answer = client.post("/predict", json={}, headers=headers)
        assert answer.headers["www-authenticate"] == "Bearer"
        assert (problem_of(answer, 401).code, key in answer.text) == ("unauthorized", False)


def test_a_server_without_keys_demands_them_once_there_is_one_and_to_its_end(
    tmp_path: Path, shop: Contract
) -> None:
    config, keys = serve_config(tmp_path), tmp_path / "keys.txt"
    with live(config) as client:

        def model(key: str | None = None) -> int:
            return client.get("/model", headers=bearer(key) if key else {}).status_code

        assert model() == 503
        key, other = make_key(keys), make_key(keys, "other")
        until(lambda: model() == 401, "keys are demanded")
        assert client.get("/health/ready").json()["problem"] is None
        problem = client.get("/health/ready", headers=bearer(key)).json()["problem"]
        assert "make train" in problem, "who has a key is told why"
        add_version(config.bundles, shop)
        until(lambda: model(key) == 200, "the model")
        write_file(keys, b"".join(keys.read_bytes().splitlines(keepends=True)[1:]))
        until(lambda: model(key) == 401, "its end")
        write_file(keys, keys.read_bytes()[9:])
        client.headers.update(bearer(other))
        series = 'background_failures_total{task="keys"}'
        until(lambda: scraped(client).get(series, 0) > 1, "failures, after which it looks again")
        assert model(other) == 200, "what cannot be read changes nothing"
        keys.unlink()
        until(lambda: model(other) == 401, "no key is known")


HOSTS = ["evil.example", "localhost.evil.example", "127.0.0.1.nip.io", "", "[::1].evil.example"]
TYPES = ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=a", ""]


def test_a_page_elsewhere_cannot_write_to_a_local_server_without_keys(
    serving: Serving, row: dict[str, Any]
) -> None:
    client, own = serving.client, str(serving.client.base_url).rstrip("/")
    for host in HOSTS:
        assert problem_of(post(serving, [row], host=host), 421).code == "wrong_host"
    for origin in ("https://evil.example", "null", "http://localhost:1", own.replace("p:", "ps:")):
        assert problem_of(post(serving, [row], origin=origin), 403).code == "foreign_origin"
        assert client.get("/model", headers={"origin": origin}).status_code == 403
    for path in ("/predict", "/feedback", "/no/such"):
        for kind in TYPES:
            refused = client.post(path, content=b"{}", headers={"content-type": kind})
            assert problem_of(refused, 415).code == "unsupported_type"
    assert post(serving, [row], origin=own).status_code == 200
    assert post(serving, [row], content_type="application/json; charset=utf-8").status_code == 200
    assert post(serving, [row], host="localhost:1").status_code == 200
    with connect(client.base_url) as raw:
        assert ask(raw, b"GET /model HTTP/1.0\r\n\r\n")[0] == 421, "no host was sent"


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "", "example.org"])  # noqa: S104
def test_an_address_that_others_reach_takes_a_key_and_the_command_is_named(
    tmp_path: Path, host: str
) -> None:
    config = serve_config(tmp_path, host=host)
    with pytest.raises(ConfigError, match=r"no API key.* keys new NAME .*serve\.open"):
        serve(settings_of(config))
    with pytest.raises(ProblemError):
        Guard(config).check("GET", "/model", {b"authorization": b"Bearer key_x"})
    Guard(config.model_copy(update={"open": True})).check("POST", "/predict", {b"host": b"a.b"})


def test_a_key_is_long_random_and_kept_as_its_hash_once_it_was_shown(tmp_path: Path) -> None:
    def fail(_: str) -> None:
        raise BrokenPipeError

    path = tmp_path / "keys.txt"
    for name in ("", "two words", "../a", "x" * 65, "né", "a\n"):
        with pytest.raises(ConfigError, match="names no key; use up to 64 letters"):
            make_key(path, name)
    first, second = make_key(path, "billing"), make_key(path, "second")
    assert first != second
    assert first.removeprefix("key_") not in path.read_text()
    with pytest.raises((BrokenPipeError, ConfigError)):
        new_key(path, "unseen", fail)
    assert read_keys(path) == {
        sha256(first.encode()).hexdigest(): "billing",
        sha256(second.encode()).hexdigest(): "second",
    }
    with pytest.raises(ConfigError, match=r"use another name, or delete its line"):
        make_key(path, "billing")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_of_keys_made_at_once_none_is_lost(tmp_path: Path) -> None:
    path, names = tmp_path / "keys.txt", [f"n{number}" for number in range(24)]
    with ThreadPoolExecutor(8) as threads:
        keys = [*threads.map(lambda name: make_key(path, name), names)]
    hashes = [sha256(key.encode()).hexdigest() for key in keys]
    assert read_keys(path) == dict(zip(hashes, names, strict=True))


def test_a_file_of_keys_may_be_edited_and_a_line_that_is_none_is_named_and_not_repeated(
    tmp_path: Path,
) -> None:
    path, good = tmp_path / "keys.txt", f"{'0' * 64}  a"
    path.write_text(f"# of this year\n\n{good}\n  \n{'1' * 64}  b")
    make_key(path, "c")
    assert path.read_text().startswith(f"# of this year\n\n{good}\n")
    assert [*read_keys(path).values()] == ["a", "b", "c"]
    for line in ("key_secret", f"{'A' * 64}  secret", f"{'0' * 64}  se cret", "0  secret"):
        path.write_text(f"{good}\n{line}\n")
        with pytest.raises(ConfigError, match=r"line 2 of .*keys new NAME") as caught:
            read_keys(path)
        assert "cret" not in str(caught.value)
    path.unlink()
    path.mkdir()
    with pytest.raises(ConfigError, match="cannot be read"):
        read_keys(path)


def test_the_command_prints_the_key_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "configs").mkdir()
    (tmp_path / "configs/data.yaml").write_text(yaml.safe_dump(SETTINGS["data"]))
    monkeypatch.chdir(tmp_path)
    cli.app(["keys", "new", "billing"], standalone_mode=False)
    key = capsys.readouterr().out.strip()
    assert re.fullmatch(r"key_[\w-]{43}", key), "so that a script can take it"
    assert [*read_keys(tmp_path / "keys.txt").values()] == ["billing"]
