"""Answers together whatever has been asked: requests that came at once share one run of the graph.

Nobody waits for others to come. While the loop reads what has arrived, requests gather; they are
run as soon as it has read it all. What a run and a write cost by themselves is paid once for all.
Where the last one had come alone, the next ones are answered at once, and now and then one looks
again whether others are there.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby
from math import inf
from time import perf_counter

from ..errors import ModelFailedError
from .predictor import Outputs, Predictor
from .requests import Row

AT_ONCE = 15
"""Requests answered at once between two looks."""


@dataclass(kw_only=True, eq=False, slots=True)
class Asked:
    """A request that waits for its outputs."""

    predictor: Predictor
    """The version that read it, and so answers it even if another serves by then."""
    request_id: str
    rows: Sequence[Row]
    late_at: float
    """When, by ``perf_counter``, it is too late to answer, and so to log."""
    outputs: "asyncio.Future[Outputs] | None" = None
    """Of one that waits for others to be read."""


Log = Callable[[Sequence[tuple[Asked, Outputs]]], None]


class Waiting:
    """The requests that were read and are not answered yet."""

    def __init__(self, log: Log, within_s: float = inf) -> None:
        """``log`` writes what was answered within that time; if it raises, nobody is answered."""
        self._log = log
        self._within_s = within_s
        self._asked: list[Asked] = []
        self._at_once = 0

    def at_once(self) -> bool:
        """Whether the next request is to be answered at once, as the last ones came alone."""
        return self._at_once > 0

    def ask_at_once(self, predictor: Predictor, request_id: str, rows: Sequence[Row]) -> Outputs:
        """The outputs of a request's rows, logged.

        Raises:
            ModelFailedError: of its rows.
            TimeoutError: they came too late, and are not in the log.
            Exception: whatever ``log`` raised.
        """
        self._at_once -= 1
        late_at = perf_counter() + self._within_s
        asked = Asked(predictor=predictor, request_id=request_id, rows=rows, late_at=late_at)
        outputs = predictor.predict(rows)
        if perf_counter() > late_at:
            raise TimeoutError
        self._log([(asked, outputs)])
        return outputs

    async def ask(self, predictor: Predictor, request_id: str, rows: Sequence[Row]) -> Outputs:
        """The outputs of a request's rows, logged, with those of whoever asks meanwhile.

        Raises:
            ModelFailedError: of its own rows alone.
            TimeoutError: they came too late, and are not in the log.
            Exception: whatever ``log`` raised.
        """
        late_at = perf_counter() + self._within_s
        asked = Asked(predictor=predictor, request_id=request_id, rows=rows, late_at=late_at)
        loop = asyncio.get_running_loop()
        asked.outputs = loop.create_future()
        if not self._asked:
            loop.call_soon(self._answer)
        self._asked.append(asked)
        return await asked.outputs

    def _answer(self) -> None:
        asked, self._asked = self._asked, []
        self._at_once = AT_ONCE if len(asked) == 1 else 0
        for _, same in groupby(asked, lambda one: id(one.predictor)):
            _settle(list(same), self._log)


def _settle(asked: list[Asked], log: Log) -> None:
    try:
        answered = _in_time(_run(asked))
        if answered:
            log(answered)
    except ModelFailedError as error:
        if len(asked) == 1:
            return _fail(asked, error)
        for one in asked:  # the others are not to suffer from one of them
            _settle([one], log)
    except Exception as error:
        _fail(asked, error)
    else:
        for one, outputs in answered:
            if one.outputs is not None and not one.outputs.done():  # else its caller has gone
                one.outputs.set_result(outputs)


def _in_time(answered: list[tuple[Asked, Outputs]]) -> list[tuple[Asked, Outputs]]:
    """Those that it is not too late for; the others are told."""
    now = perf_counter()
    late = [one for one, _ in answered if now > one.late_at]
    if not late:
        return answered
    _fail(late, TimeoutError())
    return [(one, outputs) for one, outputs in answered if now <= one.late_at]


def _fail(asked: list[Asked], error: Exception) -> None:
    for one in asked:
        if one.outputs is not None and not one.outputs.done():
            one.outputs.set_exception(error)


def _run(asked: list[Asked]) -> list[tuple[Asked, Outputs]]:
    outputs = asked[0].predictor.predict([row for one in asked for row in one.rows])
    answered, start = [], 0
    for one in asked:
        end = start + len(one.rows)
        answered.append((one, outputs[start:end]))
        start = end
    return answered
