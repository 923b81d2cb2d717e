"""What a server answers: rows with their predictions, or an error."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..errors import ProjectError

TRY_AGAIN = frozenset({408, 429, 502, 503, 504})
"""Statuses of a request that the same server may answer later."""
SHOWN_BYTES = 200


@dataclass(frozen=True, kw_only=True)
class Answer:
    """The answer to rows."""

    model: str
    version: int
    request_id: str
    """With the row's number, what a label names its row by where the contract has no id."""
    predictions: Sequence[Mapping[str, Any]]
    """By row: ``probability`` and ``decision``, or ``value``; ``warnings`` where there are any."""


class AnswerError(ProjectError, exit_code=7):
    """A server answered with an error."""

    def __init__(
        self,
        message: str,
        status: int = 502,
        code: str = "http_error",
        faults: Sequence[Mapping[str, str]] = (),
        request_id: str | None = None,
    ) -> None:
        """``faults`` have the ``field``, such as ``rows.0.distance``, its ``rule`` and a ``message``."""
        super().__init__(message)
        self.status = status
        self.code = code
        self.faults = tuple(faults)
        self.request_id = request_id


class RequestRefusedError(AnswerError, exit_code=3):
    """The request is at fault: the same one would be refused again."""


class ServerFailedError(AnswerError):
    """The server is at fault, has no time, or is none of ours; the same request may be answered later."""


def content_of(reply: bytes, *keys: str) -> dict[str, Any] | None:
    """The JSON object of an answer; ``None`` where it is none, or lacks one of the keys."""
    try:
        content = json.loads(reply)
    except ValueError:
        return None
    return content if isinstance(content, dict) and all(key in content for key in keys) else None


def error_of(reply: bytes, what: str, status: int, request_id: str) -> AnswerError:
    """The error of an answer in the documented shape, or in that of a proxy or another server."""
    shown = reply[:SHOWN_BYTES].decode(errors="replace")
    if status < 300:
        message = f"{what} with '{shown}', which no server of this project says; check the address"
        return ServerFailedError(message, status, "unknown_answer", (), request_id)
    is_refusal = 400 <= status < 500 and status not in TRY_AGAIN
    kind = RequestRefusedError if is_refusal else ServerFailedError
    problem = content_of(reply, "code", "message", "faults", "request_id")
    if problem is None:
        return kind(f"{what} http_error: {shown}", status, "http_error", (), request_id)
    code, request_id = problem["code"], problem["request_id"]
    message = f"{what} {code}: {problem['message']}"
    return kind(message, status, code, problem["faults"], request_id)
