"""Requests that were read while the graph ran share its next run; nobody waits for others to come.

What a run and a write of the log cost by themselves is paid once for all of them.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

from ..errors import ModelFailedError
from .answers import Predicted, answer_columns, answer_rows
from .predictor import Predictor
from .problems import ProblemError
from .schemas import Row

INLINE_ROWS = 256
"""A larger run has a thread, so that others are read, and health is answered, meanwhile."""
RUN_ROWS = 1024
"""Requests share a run of at most so many rows."""
LOGGER = logging.getLogger(__name__)
Answers = list[dict[str, Any]]


@dataclass(kw_only=True, eq=False, slots=True)
class Request:
    """A request that was read."""

    predictor: Predictor
    """The version that read it, and so answers it even if another serves by then."""
    request_id: str
    path: str
    rows: Sequence[Row]
    answer: "asyncio.Future[Answers] | None" = None

    def finish(self, answer: Answers | ProblemError) -> None:
        """Let the caller have the answer, if it is still there."""
        if self.answer is None or self.answer.done():
            return
        if isinstance(answer, ProblemError):
            self.answer.set_exception(answer)
        else:
            self.answer.set_result(answer)


class Answered(NamedTuple):
    """A request with the outputs of its rows and what its caller is answered."""

    request: Request
    outputs: Any
    answers: Answers


class Batcher:
    """The requests that were read and are not answered yet."""

    def __init__(self, write: Callable[[Sequence[Answered]], None], max_waiting: int) -> None:
        """``write`` puts answers into the log; if it raises ``ProblemError``, nobody is answered."""
        self._write = write
        self._max_waiting = max_waiting
        self._waiting: list[Request] = []
        self._running = False
        self.in_flight = 0

    async def ask(self, request: Request) -> Answers:
        """The answers to a request's rows, which are in the log; or the ``ProblemError``."""
        if self.in_flight >= self._max_waiting:
            message = f"{self.in_flight:,} requests wait already; ask again in 1 s"
            raise ProblemError("overloaded", message, headers={"retry-after": "1"})
        loop = asyncio.get_running_loop()
        request.answer = loop.create_future()
        self._waiting.append(request)
        if not self._running:
            self._running = True
            loop.call_soon(self._start_run)
        self.in_flight += 1
        try:
            return await request.answer
        finally:
            self.in_flight -= 1

    def _start_run(self) -> None:
        """Run the requests that wait, or as many as fit into a run."""
        batch = self._next_batch()
        rows = [row for one in batch for row in one.rows]
        predict = partial(batch[0].predictor.predict, rows)
        if len(rows) <= INLINE_ROWS:
            self._end_run(batch, predict)
        else:
            running = asyncio.get_running_loop().run_in_executor(None, predict)
            running.add_done_callback(lambda running: self._end_run(batch, running.result))

    def _next_batch(self) -> list[Request]:
        predictor, n_rows, size = self._waiting[0].predictor, 0, 0
        for one in self._waiting:
            n_rows += len(one.rows)
            if size and (one.predictor is not predictor or n_rows > RUN_ROWS):
                break
            size += 1
        batch, self._waiting = self._waiting[:size], self._waiting[size:]
        return batch

    def _end_run(self, batch: list[Request], predict: Callable[[], Predicted]) -> None:
        self._finish(batch, predict)
        self._running = bool(self._waiting)
        if self._running:
            asyncio.get_running_loop().call_soon(self._start_run)

    def _finish(self, batch: list[Request], predict: Callable[[], Predicted]) -> None:
        """Log and answer a batch; where its run fails, each request has a run of its own."""
        try:
            answered = split_answers(batch, predict())
            self._write(answered)
        except ProblemError as problem:
            for one in batch:
                one.finish(problem)
        except BaseException as error:  # a panic in Rust is no Exception
            if len(batch) == 1:
                batch[0].finish(_model_failed(error, batch[0].request_id))
                return
            for one in batch:
                self._finish([one], partial(one.predictor.predict, one.rows))
        else:
            for request, _, answers in answered:
                request.finish(answers)


def split_answers(batch: Sequence[Request], predicted: Predicted) -> list[Answered]:
    """What each request of a run is answered."""
    rows = answer_rows(answer_columns(predicted))
    answers, start = [], 0
    for one in batch:
        end = start + len(one.rows)
        answers.append(Answered(one, predicted.outputs[start:end], rows[start:end]))
        start = end
    return answers


def _model_failed(error: BaseException, request_id: str) -> ProblemError:
    """What is answered where the model has no answer; what nobody expected goes to the messages."""
    if isinstance(error, ModelFailedError):
        return ProblemError("model_failed", str(error))
    LOGGER.error("request %s: the model failed", request_id, exc_info=error)
    text = "the model failed; the server's log tells why under this request_id"
    return ProblemError("model_failed", text)
