"""A server with a challenger: which version answers whom, and when a challenge is aborted."""

import asyncio
import json
import math
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from {{ cookiecutter.__package }}.config import ServeConfig
from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.errors import ModelFailedError
from {{ cookiecutter.__package }}.models.challenger import start_challenge
from {{ cookiecutter.__package }}.models.versions import Versions
from {{ cookiecutter.__package }}.serving.answers import Predicted
from {{ cookiecutter.__package }}.serving.app import create_app
from {{ cookiecutter.__package }}.serving.challenger import routes
from {{ cookiecutter.__package }}.serving.challenger.routes import (
    add_evidence,
)
from {{ cookiecutter.__package }}.serving.predictor import (
    Predictor,
    make_predictor,
)
from {{ cookiecutter.__package }}.serving.schemas import Row
from {{ cookiecutter.__package }}.storage import write_pointer

from ..conftest import serve_config
from ..live import add_version, live, settings_of, until
from ..test_metrics import scraped

IDS = [f"o-{number}" for number in range(150)]
DAY_REQUESTS = 86_400
RELEASED = threading.Event()


class Failing(Predictor):
    """A version that fails in every run."""

    def predict(self, rows: Sequence[Row]) -> Predicted:
        raise ModelFailedError(f"no probability for {len(rows)} rows")


class Hanging(Predictor):
    """A version that answers once it is released."""

    def predict(self, rows: Sequence[Row]) -> Predicted:
        RELEASED.wait(timeout=30)
        return super().predict(rows)


@pytest.fixture
def config(tmp_path: Path, shop: Contract) -> ServeConfig:
    """Version 1 serves; versions 2 and 3 wait."""
    config = serve_config(tmp_path)
    add_version(config.bundles, shop)
    for bias in (0.1, 0.2):
        add_version(config.bundles, shop, bias=bias, serve=False)
    return config


def versions_of(config: ServeConfig) -> Versions:
    return Versions(config.bundles, "shop")


def challenge(
    config: ServeConfig, number: int = 2, *, share: float = 0.5, shadow: bool = False
) -> None:
    versions = versions_of(config)
    start_challenge(versions, versions.get(number), share, shadow=shadow)


def make_bad(monkeypatch: pytest.MonkeyPatch, kind: type[Predictor]) -> None:
    """Let every challenger be a predictor of a kind."""
    monkeypatch.setattr(routes, "make_predictor", lambda *of: kind(**vars(make_predictor(*of))))
    RELEASED.clear()


def ask(
    client: httpx.Client, row: dict[str, Any], ids: Sequence[str], *, named: bool = True
) -> dict[str, int]:
    """Predict a row under each id, or request id; the version that answered it."""
    answered = {}
    for one in ids:
        rows = [{**row, "order": one if named else None}, row]
        response = client.post("/predict", json={"rows": rows}, headers={"x-request-id": one})
        assert response.status_code == 200, response.text
        answered[one] = response.json()["version"]
    return answered


def status(client: httpx.Client) -> Any:
    """The challenge as ``/model`` shows it, if any."""
    return next(iter(client.get("/model").json()["routes"]), None)


def count(client: httpx.Client, outcome: str) -> float:
    series = f'challenger_requests_total{"{"}outcome="{outcome}",version="2"{"}"}'
    return scraped(client).get(series, 0.0)


def logged(config: ServeConfig) -> list[dict[str, Any]]:
    files = sorted(config.log.glob("predictions-*.jsonl"))
    return [json.loads(line) for path in files for line in path.read_text().splitlines()]


@pytest.mark.parametrize("named", [True, False])
def test_each_server_gives_the_same_ids_to_the_challenger_and_a_larger_share_contains_them(
    config: ServeConfig, row: dict[str, Any], *, named: bool
) -> None:
    challenge(config, share=0.3)
    with live(config) as client, live(config) as other:
        first = ask(client, row, IDS, named=named)
        assert ask(other, row, IDS[::-1], named=named) == first
        assert status(client)["text"] == "version 2 answers 30% of the requests"
        challenge(config, share=0.6)
        until(lambda: status(client)["share"] == 0.6, "a larger share")
        larger = ask(client, row, IDS, named=named)
    mine = {one for one in IDS if first[one] == 2}
    assert mine < {one for one in IDS if larger[one] == 2}
    assert abs(len(mine) - 45) <= 5 * math.sqrt(150 * 0.3 * 0.7)
    answered_by = {(record["version"], record["route"]) for record in logged(config)}
    assert answered_by == {(1, "champion"), (2, "challenger")}


def test_a_shadow_answers_nobody_and_its_predictions_are_logged(
    config: ServeConfig, row: dict[str, Any]
) -> None:
    challenge(config, share=1, shadow=True)
    with live(config) as client:
        assert set(ask(client, row, IDS[:60]).values()) == {1}
        until(lambda: len(logged(config)) == 120, "the last shadow")
        assert count(client, "predicted") == 60
    records = sorted(logged(config), key=lambda record: (record["request_id"], record["version"]))
    for answer, shadow in zip(records[::2], records[1::2], strict=True):
        assert (answer["version"], answer["route"]) == (1, "champion")
        assert (shadow["version"], shadow["route"]) == (2, "shadow")
        assert (answer["request_id"], answer["rows"]) == (shadow["request_id"], shadow["rows"])
        assert answer["probability"] < shadow["probability"]


@pytest.mark.parametrize("shadow", [False, True])
@pytest.mark.parametrize(
    ("kind", "outcome", "late_ms"), [(Failing, "failed", 60_000), (Hanging, "late", 10)]
)
def test_a_bad_challenger_is_aborted_in_every_server_while_the_champion_answers(
    config: ServeConfig,
    row: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    kind: type[Predictor],
    outcome: str,
    late_ms: int,
    *,
    shadow: bool,
) -> None:
    make_bad(monkeypatch, kind)
    challenge(config, shadow=shadow)
    why = "version 2, was aborted: more than 1% of its requests fail or are late"
    with live(config, challenger={"late_ms": late_ms}) as client, live(config) as other:
        while why not in (client.get("/health/ready").json()["problem"] or ""):
            assert set(ask(client, row, IDS[:20]).values()) == {1}
        until(lambda: why in status(other)["text"], "the other server to follow")
        assert count(client, outcome) >= 12
        assert set(ask(other, row, IDS[:20]).values()) == {1}
        assert client.get("/health/ready").json()["ready"] is True
        RELEASED.set()
    with live(config) as client:
        assert why in status(client)["text"], "no server starts it again"


def test_few_requests_wait_for_a_challenger_that_hangs(
    config: ServeConfig, row: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    make_bad(monkeypatch, Hanging)
    challenge(config, share=1, shadow=True)
    with live(config, challenger={"late_ms": 60_000}) as client:
        assert set(ask(client, row, IDS).values()) == {1}
        RELEASED.set()
        until(lambda: count(client, "predicted") == routes.MAX_WAITING, "those that waited")


def test_no_shadow_writes_once_the_log_is_closed(
    config: ServeConfig, row: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    make_bad(monkeypatch, Hanging)
    monkeypatch.setattr("signal.signal", lambda *_: None)
    challenge(config, share=1, shadow=True)
    server = create_app(settings_of(config, challenger={"late_ms": 60_000}))
    app, transport = server._app, httpx.ASGITransport(server)

    async def end_amid_a_shadow() -> None:
        async with (
            app.router.lifespan_context(app),  # type: ignore[attr-defined]
            httpx.AsyncClient(transport=transport, base_url="http://localhost") as client,
        ):
            assert (await client.post("/predict", json={"rows": [row]})).status_code == 200
        RELEASED.set()
        await asyncio.wait(asyncio.all_tasks() - {asyncio.current_task()})

    asyncio.run(end_amid_a_shadow())
    assert [record["route"] for record in logged(config)] == ["champion"]


def test_a_challenger_that_does_not_take_the_champions_requests_is_aborted(
    config: ServeConfig, shop: Contract, row: dict[str, Any]
) -> None:
    columns = {name: column for name, column in shop.columns.items() if name != "items"}
    changed = {**shop.model_dump(), "columns": columns}
    other = add_version(config.bundles, Contract.model_validate(changed), serve=False)
    challenge(config, other.number)
    with live(config) as client:
        assert set(ask(client, row, IDS[:20]).values()) == {1}
        reason = "it cannot be loaded: its contract does not accept the served version's requests"
        assert reason in client.get("/health/ready").json()["problem"]
        assert reason in status(client)["text"]


def test_a_damaged_pointer_changes_nothing_and_a_promotion_ends_the_challenge(
    config: ServeConfig, row: dict[str, Any]
) -> None:
    challenge(config)
    versions, pointer = versions_of(config), config.bundles / "shop" / "challenge"
    with live(config) as client:
        content = pointer.read_text()
        write_pointer(pointer, "nonsense")
        failures = 'background_failures_total{task="challenger"}'
        until(lambda: scraped(client).get(failures, 0) > 0, "a look at the pointer")
        assert set(ask(client, row, IDS[:40]).values()) == {1, 2}
        write_pointer(pointer, content)
        versions.serve(versions.get(3), action="promote", why="")
        until(lambda: set(ask(client, row, IDS[:40]).values()) == {3}, "the promotion")
        assert status(client) is None


def is_aborted(random: np.random.Generator, failure_rate: float, requests: int) -> bool:
    evidence = 0.0
    for failed in (random.random(requests) < failure_rate).tolist():
        evidence = add_evidence(evidence, failed=failed)
        if evidence >= routes.LIMIT:
            return True
    return False


@pytest.mark.slow
def test_a_challenger_that_fails_as_often_as_is_allowed_is_not_aborted_within_a_day() -> None:
    """None of 300 days: a false alarm in at most 1 % of the days, with 95 % confidence."""
    random = np.random.default_rng(0)
    assert not any(is_aborted(random, routes.ALLOWED, DAY_REQUESTS) for _ in range(300))


def test_a_failure_rate_of_five_percent_is_detected_within_two_thousand_requests() -> None:
    random = np.random.default_rng(0)
    assert np.mean([is_aborted(random, 0.05, 2_000) for _ in range(500)]) >= 0.99
    assert is_aborted(random, 1.0, 12)
    assert not is_aborted(random, 1.0, 11)
