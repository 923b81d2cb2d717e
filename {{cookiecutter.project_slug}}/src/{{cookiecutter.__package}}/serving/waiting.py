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
    outputs: "asyncio.Future[Outputs] | None" = None
    """Of one that waits for others to be read."""


Log = Callable[[Sequence[tuple[Asked, Outputs]]], None]


class Waiting:
    """The requests that were read and are not answered yet."""

    def __init__(self, log: Log) -> None:
        """``log`` writes what was answered; if it raises, nobody is answered."""
        self._log = log
        self._asked: list[Asked] = []
        self._at_once = 0

    async def ask(self, predictor: Predictor, request_id: str, rows: Sequence[Row]) -> Outputs:
        """The outputs of a request's rows, logged.

        Raises:
            ModelFailedError: of its own rows alone.
            Exception: whatever ``log`` raised.
        """
        asked = Asked(predictor=predictor, request_id=request_id, rows=rows)
        if self._at_once:
            self._at_once -= 1
            outputs = predictor.predict(rows)
            self._log([(asked, outputs)])
            return outputs
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
        answered = _run(asked)
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
