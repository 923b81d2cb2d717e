"""Errors as they are answered: one shape, stable codes, nothing of the inside."""

from collections.abc import Mapping

from pydantic import BaseModel, Field, ValidationError
from pydantic_core import to_json
from starlette.responses import Response

MAX_FAULTS, MAX_PLACE = 20, 200
STATUSES = {
    "body_cut_off": 400,
    "http_error": 400,
    "upgrade_refused": 400,
    "unauthorized": 401,
    "foreign_origin": 403,
    "not_found": 404,
    "method_not_allowed": 405,
    "body_too_slow": 408,
    "body_too_large": 413,
    "unsupported_encoding": 415,
    "unsupported_type": 415,
    "wrong_host": 421,
    "invalid_request": 422,
    "overloaded": 429,
    "internal": 500,
    "model_failed": 500,
    "log_failed": 503,
    "not_ready": 503,
}
"""The HTTP status of every ``code``."""


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
    """An answer that is an error, with headers in small letters."""

    def __init__(
        self, code: str, message: str, *faults: Fault, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.code = code
        self.status = STATUSES[code]
        self.faults = list(faults)
        self.headers = headers or {}

    def body(self, request_id: str) -> bytes:
        """The answer's JSON, in the shape of ``Problem``."""
        content = {"code": self.code, "message": str(self), "faults": self.faults}
        return to_json({**content, "request_id": request_id})


def json_response(
    body: bytes, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """An answer whose body is JSON."""
    return Response(body, status, headers, "application/json")


def invalid(*faults: tuple[tuple[object, ...], str, str]) -> ProblemError:
    """The answer to a body that breaks rules: of each the place, its code and what is valid."""
    found = [
        Fault(field=".".join(map(str, place))[:MAX_PLACE] or "body", rule=rule, message=message)
        for place, rule, message in faults[:MAX_FAULTS]
    ]
    message = f"{len(faults)} not valid; the first is {found[0].field}: {found[0].message}"
    return ProblemError("invalid_request", message, *found)


def invalid_by(error: ValidationError) -> ProblemError:
    """The answer to a body that pydantic refused; it repeats no value that was sent."""
    details = error.errors(include_url=False, include_input=False, include_context=False)
    return invalid(*((one["loc"], one["type"], one["msg"]) for one in details))
