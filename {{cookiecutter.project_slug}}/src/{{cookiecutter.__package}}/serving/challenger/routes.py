"""The route by which a challenger answers some requests, or shadows them.

Its graph runs in a thread of its own and delays nobody; where it is late, the champion answers.
"""

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from hashlib import blake2b
from math import log
from typing import Any

from fastapi import FastAPI
from prometheus_client import Counter

from ...errors import BundleError
from ...log.live import SHADOW
from ...models.bundle import open_bundle
from ...models.challenger import Challenge, ChallengerConfig, end_challenge, read_challenge
from ...models.versions import Versions
from ..answers import Answer, Predicted, answer_columns, answer_rows
from ..batching import Request
from ..predictor import Predictor, make_predictor
from ..problems import ProblemError
from ..service import Ask, Service
from ..store import accepts_requests_of

LOGGER = logging.getLogger(__name__)
CHALLENGER = "challenger"  # what the log calls this way of being answered
MAX_WAITING = 64  # requests of a worker
ALLOWED, TOO_MANY, LIMIT = 0.01, 0.05, 18.0


@dataclass(kw_only=True)
class Challenger:
    """A version that is ready to be asked."""

    challenge: Challenge
    predictor: Predictor
    evidence: float = 0.0
    """That too many of its requests fail or are late."""


def add_evidence(evidence: float, *, failed: bool) -> float:
    """The evidence, after one more request, that ``TOO_MANY`` fail and not only ``ALLOWED``.

    A cumulative sum of log-likelihood ratios (Page, Continuous Inspection Schemes, 1954). While only
    ``ALLOWED`` fail, n requests take it to ``LIMIT`` with a probability of at most n·exp(-LIMIT).
    """
    ratio = TOO_MANY / ALLOWED if failed else (1 - TOO_MANY) / (1 - ALLOWED)
    return max(0.0, evidence + log(ratio))


class ChallengerRoute:
    """Follows the pointer that ``challenge`` writes, and aborts a challenger that fails."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._late_s = service.settings.settings("challenger", ChallengerConfig).late_ms / 1e3
        self._problem: str | None = None
        self._challenge: Challenge | None = None
        self._challenger: Challenger | None = None
        self._thread = ThreadPoolExecutor(max_workers=1)
        self._waiting = 0
        text, labels = "Requests to a challenger, by outcome.", ["version", "outcome"]
        registry = service.metrics.registry
        self._requests = Counter("challenger_requests", text, labels, registry=registry)

    async def answer(self, ask: Ask, request: Request) -> Answer:
        """The challenger's answer to its share, if it has one in time; else the champion's."""
        challenger = self._challenger
        if not challenger or challenger.evidence >= LIMIT or not _in_share(challenger, request):
            return await ask(request)
        own = replace(request, predictor=challenger.predictor)
        if challenger.challenge.shadow:
            answer = await ask(request)
            task = asyncio.create_task(self._shadow(challenger, own))
            self._service.tasks.add(task)  # the loop itself keeps no task alive
            task.add_done_callback(self._service.tasks.discard)
            return answer
        predicted = await self._predict(challenger, own)
        if predicted is None:
            return await ask(request)
        answer = own.answer(answer_rows(answer_columns(predicted)))
        self._service.log.append([own.record(predicted.outputs, CHALLENGER)])
        return answer

    async def _shadow(self, challenger: Challenger, request: Request) -> None:
        if (predicted := await self._predict(challenger, request)) is not None:
            with suppress(ProblemError):  # the caller has an answer already
                self._service.log.append([request.record(predicted.outputs, SHADOW)])

    async def _predict(self, challenger: Challenger, request: Request) -> Predicted | None:
        """What the challenger predicts; ``None`` if it failed, was late or has too many waiting."""
        if self._waiting >= MAX_WAITING:
            return None
        predicted, outcome = None, "predicted"
        loop, predict = asyncio.get_running_loop(), challenger.predictor.predict
        self._waiting += 1
        try:
            async with asyncio.timeout(self._late_s):
                predicted = await loop.run_in_executor(self._thread, predict, request.rows)
        except TimeoutError:
            outcome = "late"
        except Exception as error:  # onnxruntime raises many kinds
            LOGGER.warning("request %s: the challenger failed: %s", request.request_id, error)
            outcome = "failed"
        finally:
            self._waiting -= 1
        challenger.evidence = add_evidence(challenger.evidence, failed=predicted is None)
        self._requests.labels(challenger.predictor.version, outcome).inc()
        return predicted

    def refresh(self) -> None:
        """Load what the pointer names; abort what cannot be loaded, or fails too often."""
        versions, champion = self._service.store.versions, self._service.store.current
        if champion is None:
            return
        challenge, challenger, fault = read_challenge(versions), self._challenger, ""
        if challenge != self._challenge:
            challenger = None
            if challenge and not challenge.aborted:
                try:
                    challenger = self._load(challenge, versions, champion)
                except Exception as error:  # a bundle may be damaged in any way
                    fault = f"it cannot be loaded: {str(error)[:500]}"
            self._challenge, self._challenger = challenge, challenger
            self._problem = challenge.text if challenge and challenge.aborted else None
        elif challenger and challenger.evidence >= LIMIT:
            fault = f"more than {ALLOWED:.0%} of its requests fail or are late"
        if challenge and fault:
            self._challenger = None
            self._problem = f"the challenger, version {challenge.version}, is not asked: {fault}"
            LOGGER.error("%s", self._problem)
            end_challenge(versions, challenge, fault)

    def _load(self, challenge: Challenge, versions: Versions, champion: Predictor) -> Challenger:
        bundle = open_bundle(versions.folder / versions.get(challenge.version).bundle)
        if not accepts_requests_of(bundle.contract, champion.bundle.contract):
            raise BundleError("its contract does not accept the served version's requests")
        predictor = make_predictor(bundle, challenge.version, self._service.config.max_rows)
        return Challenger(challenge=challenge, predictor=predictor)

    def status(self) -> dict[str, Any] | None:
        """The challenge, also as one ``text``; ``None`` where there is none."""
        if self._challenge is None:
            return None
        text = self._problem or self._challenge.text
        return self._challenge.model_dump() | {"text": text, "problem": self._problem}


def _in_share(challenger: Challenger, request: Request) -> bool:
    """Whether a request is in the challenger's share, by its first row's id, else by its own.

    Every worker decides alike, and a larger share contains a smaller one.
    """
    column = request.predictor.bundle.contract.id
    first = request.rows[0].get(column) if column else None
    key = f"{challenger.predictor.version}:{request.request_id if first is None else first}"
    place = int.from_bytes(blake2b(key.encode(), digest_size=8).digest())
    return place < challenger.challenge.share * 2.0**64


def add_to(_: FastAPI, service: Service) -> None:
    """Let a challenger answer."""
    route = ChallengerRoute(service)
    service.ask = partial(route.answer, service.ask)
    service.refreshes[CHALLENGER] = route.refresh
    service.statuses.append(route.status)
