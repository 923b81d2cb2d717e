"""A version beside the one that serves: who is answered by it, and what of it is told."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.log.live import read_lines, read_rows
from {{ cookiecutter.__package }}.models.challenger import Challenges
from {{ cookiecutter.__package }}.models.versions import Versions

from ..conftest import serve_config
from ..live import add_version, live, until
from ..test_metrics import scraped
from .versions import ask, challenge, challenged, challenger, within_chance

IDS = [f"o-{number}" for number in range(150)]
RULES = {"abort": {"min_requests": 20}}


def told(client: httpx.Client) -> Any:
    """The challenge, as ``/model`` tells it."""
    return next(iter(client.get("/model").json()["routes"]), None)


def test_a_share_of_the_ids_is_answered_by_the_challenger_the_same_ones_ever_after(
    tmp_path: Path, shop: Contract, row: dict[str, Any]
) -> None:
    config = serve_config(tmp_path)
    add_version(config.bundles, shop)
    other = challenger(config.bundles, shop)
    with live(config) as client:
        assert set(ask(client, row, IDS[:5]).values()) == {1}
        assert told(client) is None
        challenge(config.bundles, shop, other, share=0.3)
        until(lambda: told(client) is not None, "a challenger")
        first = ask(client, row, IDS)
        assert ask(client, row, IDS[::-1]) == first
        for one in IDS[:20]:
            rows = [{**row, "order": order} for order in (one, "else", "more")]
            answer = client.post("/predict", json={"rows": rows}).json()
            assert answer["version"] == first[one]
            assert len(answer["predictions"]) == 3
        assert scraped(client)["challenger_version"] == other.number
    assert within_chance(len(IDS), list(first.values()).count(other.number), 0.3)
    for record in read_rows(config.log):
        route = "challenger" if record["version"] == other.number else "champion"
        assert record["route"] == route
    with live(config) as client:
        assert ask(client, row, IDS) == first
        challenge(config.bundles, shop, other, share=0.6)
        until(lambda: told(client)["share"] == 0.6, "a larger share")
        larger = ask(client, row, IDS)
    assert {i for i in IDS if first[i] == other.number} < {
        i for i in IDS if larger[i] == other.number
    }


def test_rows_without_an_id_go_by_their_request(
    tmp_path: Path, shop: Contract, row: dict[str, Any]
) -> None:
    config = serve_config(tmp_path)
    add_version(config.bundles, shop)
    challenge(config.bundles, shop, challenger(config.bundles, shop))
    unnamed = {name: value for name, value in row.items() if name != "order"}
    with live(config) as client:

        def version(request_id: str) -> int:
            answer = client.post(
                "/predict", json={"rows": [unnamed]}, headers={"x-request-id": request_id}
            )
            return int(answer.json()["version"])

        found = [version(one) for one in IDS[:40]]
        assert [version(one) for one in IDS[:40]] == found
    assert set(found) == {1, 2}


def test_a_shadow_answers_nobody_and_is_logged_beside_each_answer(
    tmp_path: Path, shop: Contract, row: dict[str, Any]
) -> None:
    config, other = challenged(tmp_path, shop, "diverges", route="shadow", share=1.0)
    with live(config) as client:
        assert set(ask(client, row, IDS[:60]).values()) == {1}
        assert client.post("/predict", json={"rows": [row] * 2}).json()["version"] == 1
    answered, shadows = list(read_rows(config.log)), list(read_rows(config.log, shadow=True))
    keys = ("request_id", "row", "columns", "path")
    assert sorted([r[k] for k in keys[:2]] for r in answered) == sorted(
        [r[k] for k in keys[:2]] for r in shadows
    )
    assert {(r["route"], r["version"]) for r in answered} == {("champion", 1)}
    assert {(r["route"], r["version"]) for r in shadows} == {("shadow", other.number)}
    by_request = {(r["request_id"], r["row"]): r for r in answered}
    for record in shadows:
        beside = by_request[record["request_id"], record["row"]]
        assert [record[key] for key in keys] == [beside[key] for key in keys]
        assert record["probability"] > beside["probability"]


def test_the_challenge_is_told_with_its_figures(
    tmp_path: Path, shop: Contract, row: dict[str, Any]
) -> None:
    config, other = challenged(tmp_path, shop, share=0.5)
    with live(config, challenger=RULES) as client:
        mine = list(ask(client, row, IDS).values()).count(other.number)
        until(lambda: told(client)["compared"]["requests"] == mine, "its figures")
        found = told(client)
        assert client.get("/model").json()["routes"] == [found]
        assert client.get("/health/ready").json()["problem"] is None
        metrics = scraped(client)
    assert (found["version"], found["route"], found["share"]) == (other.number, "challenger", 0.5)
    assert (found["state"], found["against"], found["why"]) == ("runs", 1, "a test")
    assert found["compared"]["error_rate"] == found["compared"]["champion_error_rate"] == 0
    assert 0 < found["compared"]["ms"] < 100
    assert found["compared"]["divergence"] < 0.1
    figure = f"{mine:,} of the newest compared"
    assert found["text"] == f"version 2 challenges it: answers 50% of the requests, {figure}"
    assert metrics['challenger_requests_total{outcome="answered"}'] == mine


@pytest.mark.parametrize("route", ["challenger", pytest.param("shadow", marks=pytest.mark.slow)])
@pytest.mark.parametrize(
    ("how", "rule", "said"),
    [
        ("fails", "max_error_rate", "it failed in 100.00%"),
        ("slow", "max_latency_ratio", "ms of the processor in the mean"),
        ("diverges", "max_divergence", "diverge from the champion's"),
    ],
)
def test_a_bad_challenger_is_aborted_and_nobody_suffers(
    tmp_path: Path, shop: Contract, row: dict[str, Any], how: str, rule: str, said: str, route: str
) -> None:
    config, other = challenged(tmp_path, shop, how, route=route, share=0.5)
    with live(config, challenger=RULES) as client:
        asked = 0
        while told(client)["state"] == "runs":
            answered = ask(client, row, IDS[:20])
            if how == "fails" or route == "shadow":
                assert set(answered.values()) == {1}
            asked += 20
            assert asked < 2_000
        assert set(ask(client, row, IDS[:20]).values()) == {1}
        ready, status = client.get("/health/ready").json(), client.get("/model").json()
        metrics = scraped(client)
        found = told(client)
    assert found["state"] == "aborted"
    for text in (found["problem"], found["text"], ready["problem"], status["routes"][0]["text"]):
        assert f"version {other.number}, was aborted: {rule}: " in text
        assert said in text
    assert (ready["ready"], ready["version"], status["problem"]) == (True, 1, None)
    assert metrics[f'challenger_aborts_total{"{"}rule="{rule}"{"}"}'] == 1
    assert (metrics["challenger_version"], metrics["challenger_aborted"]) == (0, other.number)
    newest = Challenges(Versions(config.bundles, shop.name)).newest()
    assert newest is not None
    assert (newest.action, newest.who) == ("abort", "the server")
    with live(config) as client:  # it is remembered
        assert told(client)["state"] == "aborted"
        assert set(ask(client, row, IDS[:20]).values()) == {1}
        challenge(config.bundles, shop, other, route="shadow")  # until a person starts it again
        until(lambda: told(client)["state"] == "runs", "another start")


def test_one_that_fails_now_and_then_answers_where_it_can(
    tmp_path: Path, shop: Contract, row: dict[str, Any]
) -> None:
    config, other = challenged(tmp_path, shop, "fails", share=0.9999)
    nothing = {**row, "price": 0}  # which it can answer
    with live(config, challenger={"abort": {"max_error_rate": 1.0}}) as client:
        assert set(ask(client, nothing, IDS[:10]).values()) == {other.number}
        assert set(ask(client, row, IDS[:10]).values()) == {1}
        found = scraped(client)
    assert found['challenger_requests_total{outcome="failed"}'] == 10
    logged = [
        (record["version"], record["route"]) for record in read_lines(config.log, "predictions")
    ]
    assert logged == [(other.number, "challenger")] * 10 + [(1, "champion")] * 10


def test_who_would_wait_too_long_for_it_is_answered_by_the_champion(
    tmp_path: Path, shop: Contract, row: dict[str, Any]
) -> None:
    config = serve_config(tmp_path)
    add_version(config.bundles, shop)
    challenge(config.bundles, shop, challenger(config.bundles, shop, "slow"), share=0.9999)
    with live(config, challenger={"abort": {"late_s": 0.002}}) as client:
        assert set(ask(client, row, IDS[:3]).values()) == {1}
        assert scraped(client)['challenger_requests_total{outcome="late"}'] >= 1


def test_a_promotion_ends_the_challenge(
    tmp_path: Path, shop: Contract, row: dict[str, Any]
) -> None:
    config = serve_config(tmp_path)
    add_version(config.bundles, shop)
    other, versions = challenger(config.bundles, shop), Versions(config.bundles, shop.name)
    challenge(config.bundles, shop, other)
    with live(config) as client:
        assert set(ask(client, row, IDS[:40]).values()) == {1, other.number}
        versions.serve(other, action="promote", why="")
        until(lambda: set(ask(client, row, IDS[:40]).values()) == {other.number}, "its promotion")
        assert told(client) is None
        assert client.get("/health/ready").json()["problem"] is None


def test_one_that_cannot_be_loaded_is_a_reason_and_the_champion_answers(
    tmp_path: Path, shop: Contract, row: dict[str, Any]
) -> None:
    config = serve_config(tmp_path)
    add_version(config.bundles, shop)
    other = challenger(config.bundles, shop)
    model = config.bundles / shop.name / other.bundle / "model.onnx"
    content = model.read_bytes()
    model.write_bytes(content[:-1])
    challenge(config.bundles, shop, other)
    with live(config) as client:
        assert set(ask(client, row, IDS[:20]).values()) == {1}
        ready = client.get("/health/ready").json()
        assert ready["ready"] is True
        assert "the challenger cannot be asked: bundle" in ready["problem"]
        assert told(client)["state"] == "fails"
        model.write_bytes(content)
        until(lambda: told(client)["state"] == "runs", "its repair")
        assert set(ask(client, row, IDS[:40]).values()) == {1, other.number}


def test_one_whose_gate_refused_it_is_not_asked_although_the_pointer_names_it(
    tmp_path: Path, shop: Contract, row: dict[str, Any]
) -> None:
    config, other = challenged(tmp_path, shop)
    path = config.bundles / shop.name / "versions" / f"{other.number}.json"
    path.write_text(path.read_text().replace('"passed": true', '"passed": false'))
    with live(config) as client:
        assert set(ask(client, row, IDS[:20]).values()) == {1}
        assert "its gate refused it" in client.get("/health/ready").json()["problem"]


def test_a_pointer_that_cannot_be_read_is_a_reason_and_the_challenger_goes_on(
    tmp_path: Path, shop: Contract, row: dict[str, Any]
) -> None:
    config, other = challenged(tmp_path, shop)
    with live(config) as client:
        until(lambda: (told(client) or {}).get("state") == "runs", "its start")
        pointer = config.bundles / shop.name / "challenge"
        pointer.write_text("nonsense")
        until(
            lambda: "is damaged" in (client.get("/health/ready").json()["problem"] or ""),
            "a reason",
        )
        assert set(ask(client, row, IDS[:40]).values()) == {1, other.number}
        pointer.unlink()
        until(lambda: told(client) is None, "its end")
        assert set(ask(client, row, IDS[:40]).values()) == {1}
