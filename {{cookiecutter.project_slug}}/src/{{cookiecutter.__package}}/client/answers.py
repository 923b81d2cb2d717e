"""What a server answers, typed, and read from its JSON."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any, TypeVar

from ..errors import AnswerError, Fault, RequestRefusedError, ServerFailedError

TRY_AGAIN = frozenset({408, 429, 502, 503, 504})
OTHER_FORM = (ValueError, KeyError, TypeError, AttributeError)
SHOWN_BYTES = 200
Result = TypeVar("Result")


@dataclass(frozen=True, kw_only=True)
class Classification:
    """The answer to a row, where one of two values or of several labels is predicted."""

    probability: float
    """Of the positive value, or of the label decided for."""
    decision: bool | str
    """Whether the probability reaches the model's threshold, or the likeliest label."""
    probabilities: Mapping[str, float] | None = None
    """Of every label, where the request asks for them."""
    warnings: tuple[str, ...] = ()
    """What is unusual about the row."""


@dataclass(frozen=True, kw_only=True)
class Regression:
    """The answer to a row, where a number is predicted."""

    value: float
    """In the target's unit."""
    warnings: tuple[str, ...] = ()
    """What is unusual about the row."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """The answer to rows, in their order."""

    model: str
    version: int
    request_id: str
    """With the row's number, what a label names its row by where the contract has no id."""
    predictions: tuple[Classification | Regression, ...]


@dataclass(frozen=True, kw_only=True)
class Accepted:
    """The answer to labels: how many were written."""

    accepted: int
    request_id: str


@dataclass(frozen=True, kw_only=True)
class Ready:
    """Whether a model serves, and why none does, or why not the newest."""

    ready: bool
    version: int | None
    problem: str | None


def read_body(
    read: Callable[[Any], Result], reply: bytes, what: str, status: int, request_id: str
) -> Result:
    """An answer's body, read; ``what`` begins the message of an error.

    Raises:
        ServerFailedError: it is in another form, such as a login page.
    """
    try:
        return read(json.loads(reply))
    except OTHER_FORM:
        text = reply[:SHOWN_BYTES].decode(errors="replace")
        raise ServerFailedError(
            f"{what} with '{text}', which no server of this project says; check the address",
            status=status,
            code="unknown_answer",
            request_id=request_id,
        ) from None


def error_of(reply: bytes, what: str, status: int, request_id: str) -> AnswerError:
    """The error of an answer in the documented shape, or in a proxy's own."""
    try:
        problem = json.loads(reply)
        code, message, request_id = (str(problem[k]) for k in ("code", "message", "request_id"))
        faults = [of_fields(Fault, fault) for fault in problem["faults"]]
    except OTHER_FORM:
        code, message, faults = "http_error", reply[:SHOWN_BYTES].decode(errors="replace"), []
    refused = 400 <= status < 500 and status not in TRY_AGAIN
    kind = RequestRefusedError if refused else ServerFailedError
    text = f"{what} {code}: {message}"
    return kind(text, status=status, code=code, faults=faults, request_id=request_id)


def answer(content: Any) -> Answer:
    """The answer to rows."""
    kinds = (
        (Regression if "value" in one else Classification, one) for one in content["predictions"]
    )
    predictions = tuple(
        of_fields(kind, one | {"warnings": tuple(one.get("warnings", ()))}) for kind, one in kinds
    )
    return of_fields(Answer, content | {"predictions": predictions})


def of_fields(kind: type[Result], content: Any) -> Result:
    """A result of the fields that are its own; a newer server may send others."""
    names = {field.name for field in fields(kind)}  # type: ignore[arg-type]
    return kind(**{name: value for name, value in content.items() if name in names})
