"""Requests that were read while the graph ran share its next run; nobody waits for others to come.

What a run and a write of the log cost by themselves is paid once for all of them.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from ..errors import ModelFailedError
from ..log.live import Record
from ..models.tasks import Outputs
from ..models.versions import CHAMPION
from .answers import Answer, AnswerRow, Predicted, answer_columns, answer_rows
from .predictor import Predictor
from .problems import ProblemError
from .schemas import Row

INLINE_ROWS = 256
"""A larger run has a thread, so that others are read, and health is answered, meanwhile."""
RUN_ROWS = 1024
"""Requests share a run of at most so many rows."""
LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, eq=False, slots=True)
class Request:
    """A request that was read."""

    predictor: Predictor
    """The version that read it, and so answers it even if another serves by then."""
    request_id: str
    path: str
    rows: Sequence[Row]

    def answer(self, predictions: list[AnswerRow]) -> Answer:
        """What the caller is answered."""
        name, version = self.predictor.name, self.predictor.version
        return Answer(
            model=name, version=version, request_id=self.request_id, predictions=predictions
        )

    def record(self, outputs: Outputs, route: str = CHAMPION) -> Record:
        """What the log keeps: the rows as validated, which hold no personal values, and the task's
        outputs; ``route`` says what kind of version answered."""
        return {
            "request_id": self.request_id,
            "time": datetime.now(UTC),
            "model": self.predictor.name,
            "version": self.predictor.version,
            "path": self.path,
            "route": route,
            "rows": self.rows,
            self.predictor.bundle.task.output: outputs.tolist(),
        }


Waiting = tuple[Request, "asyncio.Future[Answer]"]


class Batcher:
    """The requests that were read and are not answered yet."""

    def __init__(self, write: Callable[[Sequence[Record]], None], max_waiting: int) -> None:
        """``write`` puts records into the log; if it raises ``ProblemError``, nobody is answered."""
        self._write = write
        self._max_waiting = max_waiting
        self._waiting: list[Waiting] = []
        self._runs: asyncio.Task[None] | None = None
        self.in_flight = 0

    async def ask(self, request: Request) -> Answer:
        """The answer to a request, which is in the log; or the ``ProblemError``."""
        if self.in_flight >= self._max_waiting:
            message = f"{self.in_flight:,} requests wait already; ask again in 1 s"
            raise ProblemError("overloaded", message, headers={"retry-after": "1"})
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append((request, future))
        if self._runs is None or self._runs.done():
            self._runs = asyncio.create_task(self._run())
        self.in_flight += 1
        try:
            return await future
        finally:
            self.in_flight -= 1

    async def _run(self) -> None:
        """Run the requests that wait, as many at once as fit, until none does."""
        while self._waiting:
            batch = self._next_batch()
            rows = [row for request, _ in batch for row in request.rows]
            predict = partial(batch[0][0].predictor.predict, rows)
            if len(rows) > INLINE_ROWS:
                running = asyncio.get_running_loop().run_in_executor(None, predict)
                await asyncio.wait([running])
                self._finish(batch, running.result)
            else:
                self._finish(batch, predict)
                await asyncio.sleep(0)  # others are read

    def _next_batch(self) -> list[Waiting]:
        predictor, n_rows, size = self._waiting[0][0].predictor, 0, 0
        for request, _ in self._waiting:
            n_rows += len(request.rows)
            if size and (request.predictor is not predictor or n_rows > RUN_ROWS):
                break
            size += 1
        batch, self._waiting = self._waiting[:size], self._waiting[size:]
        return batch

    def _finish(self, batch: list[Waiting], predict: Callable[[], Predicted]) -> None:
        """Log and answer a batch; where its run fails, each request has a run of its own."""
        answers, records, start = list[Answer | ProblemError](), list[Record](), 0
        try:
            predicted = predict()
            predictions = answer_rows(answer_columns(predicted))
            for request, _ in batch:
                end = start + len(request.rows)
                records.append(request.record(predicted.outputs[start:end]))
                answers.append(request.answer(predictions[start:end]))
                start = end
            self._write(records)
        except ProblemError as problem:
            answers = [problem for _ in batch]
        except BaseException as error:  # a panic in Rust is no Exception
            if len(batch) > 1:
                for one in batch:
                    self._finish([one], partial(one[0].predictor.predict, one[0].rows))
                return
            answers = [_model_failed(error, batch[0][0].request_id)]
        for (_, future), answer in zip(batch, answers, strict=True):
            if future.done():  # the caller has gone
                continue
            if isinstance(answer, ProblemError):
                future.set_exception(answer)
            else:
                future.set_result(answer)


def _model_failed(error: BaseException, request_id: str) -> ProblemError:
    """What is answered where the model has no answer; what nobody expected goes to the messages."""
    if isinstance(error, ModelFailedError):
        return ProblemError("model_failed", str(error))
    LOGGER.error("request %s: the model failed", request_id, exc_info=error)
    text = "the model failed; the server's log tells why under this request_id"
    return ProblemError("model_failed", text)
