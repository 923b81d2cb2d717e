"""Requests that share a run: one that fails takes no other with it."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np
import pytest

from {{ cookiecutter.__package }}.errors import ModelFailedError
from {{ cookiecutter.__package }}.serving.predictor import (
    Outputs,
    Predictor,
)
from {{ cookiecutter.__package }}.serving.waiting import (
    AT_ONCE,
    Asked,
    Waiting,
)


@dataclass
class Doubling:
    """Answers twice the price; a price below zero makes the graph fail."""

    runs: list[int] = field(default_factory=list)

    def predict(self, rows: Sequence[dict[str, Any]]) -> Outputs:
        self.runs.append(len(rows))
        prices = np.array([row["price"] for row in rows], np.float32)
        if (prices < 0).any():
            raise ModelFailedError("the graph gave a result that is no value")
        return prices * 2


def predictor() -> tuple[Doubling, Predictor]:
    made = Doubling()
    return made, cast(Predictor, made)


def rows(*prices: float) -> list[dict[str, Any]]:
    return [{"price": price} for price in prices]


async def ask_at_once(
    waiting: Waiting, *asked: tuple[Predictor, list[dict[str, Any]]]
) -> list[Any]:
    asking = (waiting.ask(by, f"r-{place}", given) for place, (by, given) in enumerate(asked))
    found = await asyncio.gather(*asking, return_exceptions=True)
    return [one if isinstance(one, BaseException) else one.tolist() for one in found]


def test_what_comes_at_once_is_run_and_logged_once() -> None:
    doubling, by = predictor()
    logged: list[list[str]] = []

    def log(answered: Sequence[tuple[Asked, Outputs]]) -> None:
        logged.append([one.request_id for one, _ in answered])

    waiting = Waiting(log)
    asked = [(by, rows(1)), (by, rows(2, 3)), (by, rows(4))]
    assert asyncio.run(ask_at_once(waiting, *asked)) == [[2], [4, 6], [8]]
    assert asyncio.run(ask_at_once(waiting, (by, rows(5)))) == [[10]]
    assert (doubling.runs, logged) == ([4, 1], [["r-0", "r-1", "r-2"], ["r-0"]])


def test_requests_gather_again_soon_after_some_came_alone() -> None:
    doubling, by = predictor()

    async def alone_then_together() -> None:
        waiting = Waiting(lambda _: None)
        for price in (1, 2, 3):
            assert (await waiting.ask(by, "alone", rows(price))).tolist() == [2 * price]
        for _ in range(2 * AT_ONCE):
            await asyncio.gather(*(waiting.ask(by, "one of four", rows(4)) for _ in range(4)))

    asyncio.run(alone_then_together())
    assert doubling.runs[:3] == [1, 1, 1]
    assert sum(doubling.runs) == 3 + 8 * AT_ONCE
    assert doubling.runs[-10:] == [4] * 10


def test_a_request_that_makes_the_graph_fail_fails_alone() -> None:
    _, by = predictor()
    waiting = Waiting(lambda _: None)
    first, second, third = asyncio.run(
        ask_at_once(waiting, (by, rows(1)), (by, rows(-1)), (by, rows(3)))
    )
    assert (first, third) == ([2], [6])
    assert isinstance(second, ModelFailedError)


def test_each_is_answered_by_the_version_that_read_it() -> None:
    (old, before), (new, after) = predictor(), predictor()
    waiting = Waiting(lambda _: None)
    asked = [(before, rows(1)), (before, rows(2)), (after, rows(3))]
    assert asyncio.run(ask_at_once(waiting, *asked)) == [[2], [4], [6]]
    assert (old.runs, new.runs) == ([2], [1])


def test_what_cannot_be_logged_is_answered_to_nobody() -> None:
    def full(answered: Sequence[tuple[Asked, Outputs]]) -> None:
        raise OSError("No space left on device")

    _, by = predictor()
    found = asyncio.run(ask_at_once(Waiting(full), (by, rows(1)), (by, rows(2))))
    assert [type(one) for one in found] == [OSError, OSError]


def test_what_comes_too_late_is_not_logged_and_takes_nothing_from_the_others() -> None:
    _, by = predictor()
    logged: list[str] = []
    waiting = Waiting(lambda answered: logged.extend(one.request_id for one, _ in answered), 0.2)

    async def one_waits_long() -> list[Any]:
        first = asyncio.create_task(waiting.ask(by, "first", rows(1)))
        await asyncio.sleep(0)
        time.sleep(0.3)  # the loop was busy
        second = asyncio.create_task(waiting.ask(by, "second", rows(2)))
        return list(await asyncio.gather(first, second, return_exceptions=True))

    first, second = asyncio.run(one_waits_long())
    assert isinstance(first, TimeoutError)
    assert second.tolist() == [4]
    assert logged == ["second"]


def test_a_caller_that_has_gone_takes_nothing_from_the_others() -> None:
    _, by = predictor()
    waiting = Waiting(lambda _: None)

    async def one_leaves() -> Outputs:
        gone = asyncio.create_task(waiting.ask(by, "gone", rows(1)))
        stays = asyncio.create_task(waiting.ask(by, "stays", rows(2)))
        await asyncio.sleep(0)
        gone.cancel()
        with pytest.raises(asyncio.CancelledError):
            await gone
        return await stays

    assert asyncio.run(one_leaves()).tolist() == [4]
