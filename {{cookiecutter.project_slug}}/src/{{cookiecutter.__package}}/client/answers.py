"""What a server answers, typed, and read from its JSON; fields that a newer server adds are passed over."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any, TypedDict, TypeVar

from ..errors import AnswerError, Fault, ServerFailedError

NOT_OURS = (ValueError, KeyError, TypeError, AttributeError)  # what another form raises
SHOWN = 200  # bytes of an answer that is not ours
Result = TypeVar("Result")


@dataclass(frozen=True, kw_only=True)
class Classification:
    """The answer to a row, where one of two values or of several labels is predicted."""

    probability: float
    """Of the positive value, or of the label decided for."""
    decision: bool | str
    """Whether the probability reaches the model's threshold, or the likeliest label."""
    probabilities: Mapping[str, float] | None = None
    """Of every label, where they were asked for."""


@dataclass(frozen=True, kw_only=True)
class Regression:
    """The answer to a row, where a number is predicted."""

    value: float
    """In the target's unit."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """The answer to rows, in their order."""

    model: str
    version: int
    request_id: str
    """What a label names its row by, with the row's number, where the contract has no id."""
    predictions: tuple[Classification | Regression, ...]
    fallback: bool = False
    """Whether the model failed or was late, and what is usual in its training rows answers."""


class LabelOfId(TypedDict):
    """What came true, where the contract has an id."""

    id: Any
    label: Any


class LabelOfRow(TypedDict):
    """What came true, where it has none: the answer's ``request_id`` and the row's number from 0."""

    request_id: str
    row: int
    label: Any


@dataclass(frozen=True, kw_only=True)
class Accepted:
    """The answer to labels: how many were written."""

    accepted: int
    request_id: str


@dataclass(frozen=True, kw_only=True)
class Model:
    """What serves."""

    name: str
    version: int
    content: Mapping[str, Any]
    """All that ``GET /model`` says: metrics, threshold, contract, promotion and more."""


@dataclass(frozen=True, kw_only=True)
class Ready:
    """Whether a model serves, and why none does, or why not the newest."""

    ready: bool
    version: int | None
    problem: str | None


def parse(
    read: Callable[[Any], Result], asked: str, status: int, body: bytes, request_id: str
) -> Result:
    """An answer's body, read; ``asked`` says in errors what it is the answer to.

    Raises:
        ServerFailedError: it is in another form, such as a login page.
    """
    try:
        return read(json.loads(body))
    except NOT_OURS:
        raise ServerFailedError(
            f"{asked} was answered {status} with '{_shown(body)}', which no server of this project"
            " says; check the address",
            status=status,
            code="unknown_answer",
            request_id=request_id,
        ) from None


def error_of(
    kind: type[AnswerError], asked: str, status: int, body: bytes, request_id: str
) -> AnswerError:
    """The error that an answer tells, in the documented shape or in a proxy's own."""
    try:
        problem = json.loads(body)
        code, message = str(problem["code"]), str(problem["message"])
        faults = [made(Fault, fault) for fault in problem["faults"]]
        request_id = str(problem["request_id"])
    except NOT_OURS:
        code, message, faults = "http_error", _shown(body), []
    text = f"{asked} was answered {status} {code}: {message}"
    return kind(text, status=status, code=code, faults=faults, request_id=request_id)


def answer(content: Any) -> Answer:
    """The answer to rows."""
    predictions = tuple(_prediction(given) for given in content["predictions"])
    return made(Answer, content | {"predictions": predictions})


def model(content: Any) -> Model:
    """The answer to what serves."""
    return Model(name=content["name"], version=content["version"], content=content)


def made(kind: type[Result], content: Any) -> Result:
    """A result of the fields that are its own."""
    names = {field.name for field in fields(kind)}  # type: ignore[arg-type]
    return kind(**{name: value for name, value in content.items() if name in names})


def _prediction(given: Any) -> Classification | Regression:
    if "value" in given:
        return Regression(value=given["value"])
    return Classification(
        probability=given["probability"],
        decision=given["decision"],
        probabilities=given.get("probabilities"),
    )


def _shown(body: bytes) -> str:
    return body[:SHOWN].decode(errors="replace")
