"""A version beside the one that serves: answers its share of the requests, or shadows them.

Its graph runs in a thread of its own, so that a slow one keeps no one waiting but its own callers, and
these for ``late_s`` at most: then, or where it fails or has no place left, the champion answers.
Every request that it was asked is put to the champion as well, in the same thread, once the caller
has what he waits for. So both are compared by the same rows and under the same load.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from hashlib import blake2b
from time import thread_time
from typing import Any

from ...log.segments import SHADOW
from ...models.challenger import Challenge
from ...models.profile import SCORE, ColumnProfile
from ...models.versions import CHALLENGER
from ..log import Log
from ..predictor import Outputs, Predictor
from .abort import Figures, figures
from .background import Background
from .counters import Counters
from .tally import Run, Tally

WAITING = 64
"""Requests of a process that may wait for its challenger; more are dropped, and counted."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Claim:
    """A request that is the challenger's."""

    challenger: "Challenger"
    request_id: str
    path: str
    given: dict[str, Any]
    """Its ``rows`` or ``columns``, validated."""
    route: str = CHALLENGER
    """What the log calls the way by which it is answered."""

    @property
    def predictor(self) -> Predictor:
        """The version that challenges."""
        return self.challenger.predictor

    async def answer(self) -> Outputs | None:
        """The challenger's, in time; ``None`` if it is for the champion to answer."""
        return await self.challenger.answer(self)

    def left(self) -> None:
        """Score it in the shadow, now that the champion's answer has left."""
        self.challenger.shadow(self)


class Challenger:
    """A version that challenges, ready to be asked."""

    def __init__(
        self,
        challenge: Challenge,
        predictor: Predictor,
        champion: Predictor,
        tally: Tally,
        counters: Counters,
        log: Log,
        late_s: float,
    ) -> None:
        """``late_s`` is how long a caller waits for it."""
        self.predictor = predictor
        self._tally = tally
        self.figures = Figures(requests=0)
        self.fault: str | None = None
        """Why it failed last."""
        self._shadows = challenge.route == "shadow"
        self._below = challenge.share * 2.0**64
        self._champion = champion
        self._id = champion.bundle.contract.id
        self._scores = scores_of(champion)
        self._late_s = late_s
        self._counters = counters
        self._log = log
        self._ended = False
        self._background = Background(WAITING)

    def judged(self) -> Figures:
        """The figures as they are by now, over all workers."""
        bins = len(self._scores.shares) if self._scores else 1
        ordered = self._scores is not None and self._scores.kind == "numeric"
        self.figures = figures(self._tally.pairs(), bins, ordered=ordered)
        return self.figures

    @property
    def busy_s(self) -> float:
        """How long it has been at one request by now."""
        return self._background.busy_s

    def claim(self, request_id: str, path: str, given: dict[str, Any]) -> Claim | None:
        """A request, if it is in the challenger's share.

        The id of its first row decides, else its own: the same id is answered by the same version,
        in each process and after each start. A larger share holds the ids of a smaller one.
        """
        first = None
        if self._id is not None:
            rows = given.get("rows")
            first = rows[0].get(self._id) if rows else (given["columns"].get(self._id) or [None])[0]
        key = f"{self.predictor.version}:{request_id if first is None else first}"
        if int.from_bytes(blake2b(key.encode(), digest_size=8).digest()) >= self._below:
            return None
        return Claim(challenger=self, request_id=request_id, path=path, given=given)

    async def answer(self, claim: Claim) -> Outputs | None:
        """Its outputs; ``None`` where it shadows, has failed, is late or has too much to do."""
        if self._shadows:
            return None
        loop = asyncio.get_running_loop()
        told: asyncio.Future[Outputs | None] = loop.create_future()
        if not self._background.take(partial(self._work, claim, loop, partial(_settle, told))):
            self._count("dropped")
            return None
        try:
            async with asyncio.timeout(self._late_s):
                outputs = await told
        except TimeoutError:
            self._count("late")
            return None
        self._count(self._outcome(outputs, "answered"))
        return outputs

    def shadow(self, claim: Claim) -> None:
        """Score a request that was answered, if there is a place."""
        if self._shadows and not self._ended:
            loop, told = asyncio.get_running_loop(), partial(self._shadowed, claim)
            if not self._background.take(partial(self._work, claim, loop, told)):
                self._count("dropped")

    def end(self, wait_s: float | None = None) -> None:
        """Refuse new requests. Those that wait are left to the champion, or scored within ``wait_s``."""
        self._ended = wait_s is None
        self._background.close(wait_s or 0.0)

    def _work(
        self,
        claim: Claim,
        loop: asyncio.AbstractEventLoop,
        told: Callable[[Outputs | None], None],
    ) -> None:
        """Ask both versions; ``told`` hears in the loop what the challenger says."""
        outputs, run = None, None
        if not self._ended:
            outputs, run = self._ask(self.predictor, claim.given)
        with suppress(RuntimeError):  # the loop has ended
            loop.call_soon_threadsafe(told, outputs)
        if run is not None and not self._ended:
            self._tally.add(run, self._ask(self._champion, claim.given)[1])

    def _ask(self, predictor: Predictor, given: dict[str, Any]) -> tuple[Outputs | None, Run]:
        start = thread_time()
        try:
            if "rows" in given:
                outputs = predictor.predict(given["rows"])
            else:
                outputs = predictor.predict_columns(given["columns"])
        except Exception as error:  # onnxruntime raises many kinds of its own
            if predictor is self.predictor:
                self.fault = str(error)
            return None, Run(failed=True, seconds=thread_time() - start)
        seconds, place = thread_time() - start, 0.0
        if self._scores is not None:
            place = float(self._scores.places(predictor.bundle.task.watched(outputs[:1]))[0])
        return outputs, Run(failed=False, seconds=seconds, place=place)

    def _shadowed(self, claim: Claim, outputs: Outputs | None) -> None:
        if outputs is not None:
            self._log.unanswered(
                self.predictor, claim.request_id, claim.path, claim.given, outputs, SHADOW
            )
        self._count(self._outcome(outputs, "shadowed"))

    def _outcome(self, outputs: Outputs | None, well: str) -> str:
        if outputs is not None:
            return well
        return "dropped" if self._ended else "failed"

    def _count(self, outcome: str) -> None:
        self._counters.requests.labels(outcome).inc()


def scores_of(predictor: Predictor) -> ColumnProfile | None:
    """The bins of a version's scores on its training rows; ``None`` of one that has none."""
    columns = predictor.bundle.profile.get("columns", [])
    return next((ColumnProfile(**one) for one in columns if one["name"] == SCORE), None)


def _settle(told: "asyncio.Future[Outputs | None]", outputs: Outputs | None) -> None:
    if not told.done():  # else it was late, or its caller has gone
        told.set_result(outputs)
