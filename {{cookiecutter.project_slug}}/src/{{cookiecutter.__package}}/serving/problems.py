"""Errors as they are answered: one shape, stable codes, nothing of the inside."""

from collections.abc import Iterable, Mapping

from pydantic import BaseModel, Field, ValidationError
from pydantic_core import to_json

MAX_FAULTS, MAX_PLACE = 20, 200
BODY, UNKNOWN = "body", "extra_forbidden"
CODES = {
    "body_cut_off": (400, "The connection ended before the body did."),
    "body_too_large": (413, "The body is larger than `max_body_bytes`; send fewer rows."),
    "body_too_slow": (408, "The body did not arrive within 10 seconds."),
    "foreign_origin": (403, "A page of another origin asked a server that has no keys."),
    "http_error": (400, "The request is none that HTTP, or this address, knows."),
    "internal": (500, "The server failed; its messages tell why, under the request's id."),
    "invalid_request": (422, "`faults` names each field and its rule."),
    "log_failed": (503, "The prediction log takes no records, so nothing was answered."),
    "method_not_allowed": (405, "The address takes another method; see `Allow`."),
    "model_failed": (500, "The model's result is no probability, or not finite."),
    "not_found": (404, "There is no such address, model or version, or it is closed."),
    "not_ready": (503, "No model serves yet, or none any more; the message says why."),
    "overloaded": (429, "More than `max_waiting` requests wait; see `Retry-After`."),
    "unauthorized": (401, "The server has keys, and none of them was sent."),
    "unsupported_encoding": (415, "The body is compressed; send it as it is."),
    "unsupported_type": (415, "A server without keys takes JSON; send its `Content-Type`."),
    "upgrade_refused": (400, "A body came with `Upgrade`; send the request without it."),
    "wrong_host": (421, "A server without keys answers to names of this machine alone."),
}
"""Every ``code`` of an error: its status, and its meaning."""
DOCUMENTED = (400, 401, 408, 413, 415, 422, 429, 500, 503)
"""Statuses that a prediction can be refused with."""


class Fault(BaseModel):
    """One field that broke one rule."""

    field: str = Field(description="Path of the field, such as rows.0.distance.")
    rule: str = Field(description="A stable code of the rule.")
    message: str = Field(description="What is valid.")


class Problem(BaseModel):
    """Every error's shape."""

    code: str = Field(description="A stable code of the error.")
    message: str = Field(description="What is wrong and what to do.")
    faults: list[Fault] = Field(default=[], description=f"At most {MAX_FAULTS}.")
    request_id: str


class ProblemError(Exception):
    """An answer that is an error; ``headers``, in small letters, go with it."""

    def __init__(
        self, code: str, message: str, *faults: Fault, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.code = code
        self.status = CODES[code][0]
        self.faults = list(faults[:MAX_FAULTS])
        self.headers = headers or {}

    def body(self, request_id: str) -> bytes:
        """The answer's JSON, in the shape of ``Problem``."""
        content = {"code": self.code, "message": str(self), "faults": self.faults}
        return to_json({**content, "request_id": request_id})


def invalid(*faults: Fault) -> ProblemError:
    """The answer to a body that is not valid; it repeats no value that was sent."""
    first = faults[0]
    message = f"{len(faults)} not valid; the first is {first.field}: {first.message}"
    return ProblemError("invalid_request", message, *faults)


def invalid_by(error: ValidationError) -> ProblemError:
    """The answer to a body that pydantic refused."""
    details = error.errors(include_url=False, include_input=False, include_context=False)
    return invalid(*(fault_of(one["loc"], one["type"], one["msg"]) for one in details))


def fault_of(place: Iterable[object], rule: str, message: str) -> Fault:
    """A fault at a place of the body."""
    path = ".".join(str(part)[:MAX_PLACE] for part in place) or BODY
    return Fault(field=path[:MAX_PLACE], rule=rule, message=message)


def column_of(fault: Fault) -> str:
    """The contract's column that a fault is of: no row's number, no name that a caller made up."""
    head, *path = fault.field.split(".", 2)
    return path[1] if head == "rows" and len(path) == 2 and fault.rule != UNKNOWN else BODY
