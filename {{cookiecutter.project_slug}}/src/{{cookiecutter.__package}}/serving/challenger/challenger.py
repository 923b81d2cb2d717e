"""A version beside the one that serves: answers its share of the requests, or shadows them.

Its graph runs in a thread of its own, so that a slow one keeps no one waiting but its own callers, and
these for ``late_s`` at most: then, or where it fails or has no place left, the champion answers.
Every request that it was asked is put to the champion as well, in the same thread, once the caller
has what he waits for. So both are compared by the same rows and under the same load.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from hashlib import blake2b
from time import thread_time

from ...log.live import SHADOW
from ...models.challenger import Challenge
from ...models.profile import SCORE, ColumnProfile
from ..answers import Predicted
from ..batching import Answered, Request
from ..prediction_log import PredictionLog, record_of
from ..predictor import Predictor
from ..problems import ProblemError
from ..schemas import Row
from .abort import Figures, figures
from .background import Background
from .counters import Counters
from .tally import Run, Tally

WAITING = 64
"""Requests of a process that may wait for its challenger; more are dropped, and counted."""


class Challenger:
    """A version that challenges, ready to be asked."""

    def __init__(
        self,
        challenge: Challenge,
        predictor: Predictor,
        champion: Predictor,
        tally: Tally,
        counters: Counters,
        log: PredictionLog,
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

    def claims(self, request: Request) -> bool:
        """Whether a request is in the challenger's share.

        The id of its first row decides, else its own: the same id is answered by the same version,
        in each process and after each start. A larger share holds the ids of a smaller one.
        """
        first = None if self._id is None else request.rows[0].get(self._id)
        key = f"{self.predictor.version}:{request.request_id if first is None else first}"
        return int.from_bytes(blake2b(key.encode(), digest_size=8).digest()) < self._below

    async def answer(self, request: Request) -> Predicted | None:
        """Its answer; ``None`` where it shadows, has failed, is late or has too much to do."""
        if self._shadows:
            return None
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Predicted | None] = loop.create_future()
        if not self._background.take(
            partial(self._work, request, loop, partial(_set_result, answer))
        ):
            self._count("dropped")
            return None
        try:
            async with asyncio.timeout(self._late_s):
                predicted = await answer
        except TimeoutError:
            self._count("late")
            return None
        self._count(self._outcome(predicted, "answered"))
        return predicted

    def shadow(self, request: Request) -> None:
        """Score a request that was answered, if there is a place."""
        if self._shadows and not self._ended:
            loop, done = asyncio.get_running_loop(), partial(self._shadowed, request)
            if not self._background.take(partial(self._work, request, loop, done)):
                self._count("dropped")

    def end(self, wait_s: float | None = None) -> None:
        """Refuse new requests. Those that wait are left to the champion, or scored within ``wait_s``."""
        self._ended = wait_s is None
        self._background.close(wait_s or 0.0)

    def _work(
        self,
        request: Request,
        loop: asyncio.AbstractEventLoop,
        done: Callable[[Predicted | None], None],
    ) -> None:
        """Ask both versions; ``done`` gets in the loop what the challenger answers."""
        predicted, run = None, None
        if not self._ended:
            predicted, run = self._ask(self.predictor, request.rows)
        with suppress(RuntimeError):  # the loop has ended
            loop.call_soon_threadsafe(done, predicted)
        if run is not None and not self._ended:
            self._tally.add(run, self._ask(self._champion, request.rows)[1])

    def _ask(self, predictor: Predictor, rows: Sequence[Row]) -> tuple[Predicted | None, Run]:
        start = thread_time()
        try:
            predicted = predictor.predict(rows)
        except BaseException as error:  # onnxruntime raises many kinds, and a panic is no Exception
            if predictor is self.predictor:
                self.fault = str(error)
            return None, Run(failed=True, seconds=thread_time() - start)
        seconds, place = thread_time() - start, 0.0
        if self._scores is not None:
            watched = predictor.bundle.task.watched(predicted.outputs[:1])
            place = float(self._scores.count(watched).argmax())
        return predicted, Run(failed=False, seconds=seconds, place=place)

    def _shadowed(self, request: Request, predicted: Predicted | None) -> None:
        if predicted is not None:
            answered = Answered(request, predicted.outputs, [])
            with suppress(ProblemError):  # nobody is refused for it
                self._log.append([record_of(self.predictor, answered, SHADOW)])
        self._count(self._outcome(predicted, "shadowed"))

    def _outcome(self, predicted: Predicted | None, well: str) -> str:
        if predicted is not None:
            return well
        return "dropped" if self._ended else "failed"

    def _count(self, outcome: str) -> None:
        self._counters.requests.labels(outcome).inc()


def scores_of(predictor: Predictor) -> ColumnProfile | None:
    """The bins of a version's scores on its training rows; ``None`` of one that has none."""
    columns = predictor.bundle.profile.get("columns", [])
    return next((ColumnProfile(**one) for one in columns if one["name"] == SCORE), None)


def _set_result(answer: "asyncio.Future[Predicted | None]", predicted: Predicted | None) -> None:
    if not answer.done():  # else it was late, or its caller has gone
        answer.set_result(predicted)
