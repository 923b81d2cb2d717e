"""Who is let in, asked of real servers."""

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.errors import ConfigError
from {{ cookiecutter.__package }}.models.versions import Versions
from {{ cookiecutter.__package }}.serving.access.guard import LOOK_S, Guard
from {{ cookiecutter.__package }}.serving.access.keys import new_key, revoke
from {{ cookiecutter.__package }}.serving.predictor import Predictor
from {{ cookiecutter.__package }}.serving.readiness import UNTOLD
from {{ cookiecutter.__package }}.serving.server import serve

from ..conftest import PACKAGE
from .conftest import Serving, serve_config
from .live import add_version, live, settings_of, until
from .problems import problem_of
from .test_server import process

WANT_KEYS = ["/model", "/metrics", "/status", "/openapi.json", "/no/such", "/page"]
OPEN = ["/health/live", "/health/ready", "/", "/docs"]
OPEN += ["/page/page.js", "/docs/files/docs.js", "/docs/ui/swagger-ui.css"]
LEADING_OUT = ["/page/../model", "/page/%2e%2e/status", "//model", "/docs/ui/..%2f..%2fmodel"]


def bearer(key: str) -> dict[str, str]:
    return {"authorization": f"Bearer {key}"}


@pytest.fixture(scope="module")
def guarded(
    tmp_path_factory: pytest.TempPathFactory, shop: Contract
) -> Iterator[tuple[Serving, str]]:
    """A server with a key, and the key."""
    config = serve_config(tmp_path_factory.mktemp("guarded"))
    assert config.keys
    key = new_key(config.keys, "first")
    add_version(config.bundles, shop)
    with live(config) as client:
        yield Serving(client=client, config=config), key


@pytest.mark.parametrize("path", WANT_KEYS)
def test_what_tells_something_of_the_model_takes_a_key(
    guarded: tuple[Serving, str], path: str
) -> None:
    serving, key = guarded
    assert serving.client.get(path).status_code == 401
    assert serving.client.get(path, headers=bearer(key)).status_code in (200, 307, 404)


@pytest.mark.parametrize("path", OPEN)
def test_probes_and_empty_pages_take_none(guarded: tuple[Serving, str], path: str) -> None:
    assert guarded[0].client.get(path).status_code == 200


def test_a_probe_hears_whether_the_server_is_ready_and_who_has_a_key_why(
    tmp_path: Path, shop: Contract
) -> None:
    config = serve_config(tmp_path)
    assert config.keys
    key, wrong = bearer(new_key(config.keys, "first")), bearer("key_x")
    with live(config) as client:
        for headers in ({}, wrong):
            answer = client.get("/health/ready", headers=headers)
            told = {"ready": False, "version": None, "problem": UNTOLD}
            assert (answer.status_code, answer.json()) == (503, told)
        assert "make train" in client.get("/health/ready", headers=key).json()["problem"]
        add_version(config.bundles, shop)
        until(lambda: client.get("/health/ready").status_code == 200, "a model")
        bad = add_version(config.bundles, shop, bias=1, serve=False)
        (config.bundles / shop.name / bad.bundle / "model.onnx").write_bytes(b"")
        Versions(config.bundles, shop.name).serve(bad, action="promote", why="")

        def problem() -> str:
            return str(client.get("/health/ready", headers=key).json()["problem"])

        until(lambda: bad.bundle in problem(), "the refusal")
        assert client.get("/health/ready", headers=key).json()["version"] == 1
        told = {"ready": True, "version": None, "problem": None}
        assert client.get("/health/ready").json() == told


@pytest.mark.parametrize("path", LEADING_OUT)
def test_no_open_path_leads_to_one_that_takes_a_key(
    guarded: tuple[Serving, str], path: str
) -> None:
    client = guarded[0].client
    url = httpx.URL(str(client.base_url)).copy_with(raw_path=path.encode())
    assert client.get(url).status_code in (401, 404)


def test_the_right_key_is_answered(guarded: tuple[Serving, str], row: dict[str, Any]) -> None:
    serving, key = guarded
    for scheme in ("Bearer", "bearer"):
        headers = {"authorization": f"{scheme} {key}"}
        answer = serving.client.post("/predict", json={"rows": [row]}, headers=headers)
        assert answer.status_code == 200


@pytest.mark.parametrize("path", ["/predict", "/predict/columns", "/feedback"])
@pytest.mark.parametrize(
    "given",
    [
        None,
        "",
        "Bearer",
        "Bearer key_x",
        "Basic {key}",
        "{key}",
        "Bearer {key}x",
        "Bearer x{key}",
    ],
)
def test_no_key_and_a_wrong_one_are_answered_alike(
    guarded: tuple[Serving, str], path: str, given: str | None
) -> None:
    serving, key = guarded
    headers = {} if given is None else {"authorization": given.format(key=key)}
    answer = serving.client.post(path, json={}, headers=headers)
    assert answer.headers["www-authenticate"] == "Bearer"
    problem = problem_of(answer, 401)
    assert problem.code == "unauthorized"
    assert problem.message == (
        "this needs a key that is known here; send it as Authorization: Bearer KEY"
    )


def test_a_key_that_was_revoked_is_told_no_more_than_one_that_never_was(
    guarded: tuple[Serving, str],
) -> None:
    serving, _ = guarded
    assert serving.config.keys
    key = new_key(serving.config.keys, "gone")
    get = serving.client.get
    until(lambda: get("/model", headers=bearer(key)).status_code == 200, "the new key")
    revoke(serving.config.keys, "gone")
    until(lambda: get("/model", headers=bearer(key)).status_code == 401, "the end of the key")
    told, other = (get("/model", headers=bearer(given)) for given in (key, "key_never"))
    ours = {"x-request-id", "date"}
    assert {k: v for k, v in told.headers.items() if k not in ours} == {
        k: v for k, v in other.headers.items() if k not in ours
    }
    assert {**told.json(), "request_id": ""} == {**other.json(), "request_id": ""}


def test_a_failure_leaves_no_key_in_the_log(
    guarded: tuple[Serving, str],
    row: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    serving, key = guarded

    def fail(*_: object) -> None:
        raise RuntimeError("a fault of our own")

    monkeypatch.setattr(Predictor, "predict", fail)
    monkeypatch.setattr(Predictor, "predict_columns", fail)
    logger = logging.getLogger(PACKAGE)
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.DEBUG, logger.name)
    logger.addHandler(caplog.handler)
    try:
        for path, body in (
            ("/predict", {"rows": [row]}),
            ("/predict", {"rows": [row, row]}),
        ):
            answer = serving.client.post(path, json=body, headers=bearer(key))
            assert answer.status_code == 500
            assert key not in answer.text
    finally:
        logger.removeHandler(caplog.handler)
    assert caplog.text.count("RuntimeError: a fault of our own") >= 2
    assert key not in caplog.text
    assert all(key not in path.read_text() for path in serving.config.log.glob("*"))


def test_two_keys_work_at_once_so_that_one_can_replace_the_other(tmp_path: Path) -> None:
    config = serve_config(tmp_path)
    assert config.keys
    old, new = new_key(config.keys, "old"), new_key(config.keys, "new")
    guard = Guard(config)

    def admitted(key: str, now_s: float) -> bool:
        return guard.refusal("/predict", f"Bearer {key}".encode(), now_s) is None

    assert admitted(old, 1)
    assert admitted(new, 1)
    revoke(config.keys, "old")
    assert not admitted(old, 1 + LOOK_S), "a second later, whatever happened in between"
    assert admitted(new, 1 + LOOK_S)
    assert LOOK_S <= 2


def test_a_server_without_keys_demands_them_once_there_is_one_and_to_its_end(
    tmp_path: Path, shop: Contract
) -> None:
    config = serve_config(tmp_path)
    assert config.keys
    add_version(config.bundles, shop)
    with live(config) as client:
        assert client.get("/model").status_code == 200
        key = new_key(config.keys, "first")
        until(lambda: client.get("/model").status_code == 401, "keys are demanded")
        assert client.get("/model", headers=bearer(key)).status_code == 200
        config.keys.unlink()
        until(lambda: client.get("/model", headers=bearer(key)).status_code == 401, "no key is")
        assert client.get("/model").status_code == 401


def test_a_file_that_was_damaged_changes_nothing_until_it_is_whole_again(tmp_path: Path) -> None:
    config = serve_config(tmp_path)
    assert config.keys
    key = new_key(config.keys, "first")
    kept, guard = config.keys.read_text(), Guard(config)
    given = f"Bearer {key}".encode()
    assert guard.refusal("/model", given, 1) is None
    config.keys.write_text(kept[:-9])
    assert guard.refusal("/model", given, 3) is None
    assert guard.refusal("/model", b"", 5) is not None
    config.keys.write_text("[]")
    assert guard.refusal("/model", given, 7) is not None


def test_an_address_that_others_reach_takes_a_key_and_the_command_is_told(tmp_path: Path) -> None:
    for host in ("0.0.0.0", "::", "192.0.2.1", "", "example.org"):  # noqa: S104
        with pytest.raises(
            ConfigError, match=r"no API key.* keys new NAME .*serve\.open"
        ) as caught:
            serve(settings_of(serve_config(tmp_path, host=host)))
        assert caught.value.exit_code == 2


def test_a_file_without_keys_opens_no_server(tmp_path: Path) -> None:
    config = serve_config(tmp_path, host="0.0.0.0")  # noqa: S104
    assert config.keys
    new_key(config.keys, "only")
    revoke(config.keys, "only")
    with pytest.raises(ConfigError, match="no API key"):
        serve(settings_of(config))
    guard = Guard(serve_config(tmp_path))
    assert guard.refusal("/predict", b"", 1) is not None, "on the loopback nobody is let in"


def test_without_its_file_a_worker_of_an_open_address_lets_nobody_in(tmp_path: Path) -> None:
    guard = Guard(serve_config(tmp_path, host="0.0.0.0"))  # noqa: S104
    assert guard.refusal("/predict", b"Bearer key_x", 1) is not None


@pytest.mark.parametrize("keyed", [True, False])
def test_an_address_that_others_reach_is_served_with_a_key_or_where_it_is_said_to_be_open(
    tmp_path: Path, shop: Contract, keyed: bool
) -> None:
    key = new_key(tmp_path / "keys.json", "first") if keyed else None
    options = ["serve.host=0.0.0.0", *([] if keyed else ["serve.open=true"])]
    words = [word for option in options for word in ("--set", option)]
    with process(tmp_path, shop, *words) as (_, url):
        here = url.replace("0.0.0.0", "127.0.0.1")  # noqa: S104
        headers = {"authorization": f"Bearer {key}"} if key else {}
        until(lambda: httpx.get(f"{here}/health/ready").json()["ready"], "a model")
        assert httpx.get(f"{here}/model", headers=headers).json()["name"] == "shop"
        assert "server" not in httpx.get(f"{here}/health/live").headers
        if keyed:
            assert httpx.get(f"{here}/model").status_code == 401
