"""Errors as they are answered: one shape, stable codes, nothing of the inside."""

from collections.abc import Mapping

from pydantic import BaseModel, Field, ValidationError

MAX_FAULTS = 20
INTERNAL = "the server failed; its log tells why under this request_id"
TOO_DEEP = "recursion limit exceeded"
"""What the parser says of some two hundred brackets within each other, as of any other fault."""
BODY, UNKNOWN = "body", "extra_forbidden"
CODES = {404: "not_found", 405: "method_not_allowed"}
"""Codes of the errors that the framework raises."""
DOCUMENTED = {
    401: "The server has keys, and none of them was sent.",
    408: "The body did not arrive within `body_timeout_s`.",
    413: "The body is larger than `max_body_bytes`.",
    415: "The body is compressed; send it as it is.",
    422: "A field breaks a rule of the contract; `faults` says which.",
    429: "Too many wait, or this key has had its requests of the minute; see `Retry-After`.",
    500: "The server or its model failed.",
    503: "No model serves, the prediction log takes no records, or the server has ended.",
    504: "There was no answer within `deadline_s`; it may be in the log.",
}
"""Every status that a prediction can be refused with."""
MEANINGS = {
    "body_cut_off": (400, "The connection ended before the body did."),
    "body_too_large": (413, "The body is larger than `max_body_bytes`; send fewer rows."),
    "body_too_slow": (408, "The body did not arrive within `body_timeout_s`."),
    "deadline": (504, "There was no answer within `deadline_s`."),
    "ending": (503, "The server has ended; ask again, another answers."),
    "http_error": (400, "The request is none that HTTP, or this address, knows."),
    "internal": (500, "The server failed; its messages tell why, under the request's id."),
    "invalid_request": (422, "`faults` names each field and its rule."),
    "log_failed": (503, "The prediction log takes no records, so nothing was answered."),
    "method_not_allowed": (405, "The address takes another method; see `Allow`."),
    "model_failed": (500, "The model's result is no probability, or not finite."),
    "not_found": (404, "There is no such address, model or version, or it is closed."),
    "not_ready": (503, "No model serves yet, or none any more; the message says why."),
    "overloaded": (429, "More than `max_waiting` requests wait; see `Retry-After`."),
    "too_many_requests": (429, "The key has had its requests of the minute; see `Retry-After`."),
    "unauthorized": (401, "The server has keys, and none of them was sent."),
    "unsupported_encoding": (415, "The body is compressed; send it as it is."),
}
"""Every ``code`` of an error: its status as a rule, and its meaning."""


class Fault(BaseModel):
    """One field that broke one rule."""

    field: str = Field(description="Path of the field, such as rows.0.distance.")
    rule: str = Field(description="A stable code of the rule.")
    message: str = Field(description="What is valid.")


def column_of(fault: Fault) -> str:
    """The contract's column that a fault is of: no place of a row, and no name that a caller made up."""
    head, *path = fault.field.split(".")
    if fault.rule == UNKNOWN or head not in {"rows", "columns"}:
        return BODY
    if head == "rows":
        named = path[1:]
    else:
        named = path[:-1] if path[-1:] and path[-1].isdecimal() else path
    return ".".join(named) or BODY


class Problem(BaseModel):
    """Every error's shape."""

    code: str = Field(description="A stable code of the error.")
    message: str = Field(description="What is wrong and what to do.")
    faults: list[Fault] = Field(default=[], description="At most 20.")
    request_id: str


class ProblemError(Exception):
    """An answer that is an error."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *faults: Fault,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """``headers``, in small letters, go with the answer."""
        super().__init__(message)
        self.status = status
        self.code = code
        self.faults = list(faults[:MAX_FAULTS])
        self.headers = headers or {}

    def body(self, request_id: str) -> bytes:
        """The answer's JSON."""
        problem = Problem(
            code=self.code, message=str(self), faults=self.faults, request_id=request_id
        )
        return problem.model_dump_json().encode()


def invalid(error: ValidationError) -> ProblemError:
    """What a validator found, by field and rule, without the values that were sent."""
    faults = [
        Fault(
            field=".".join(map(str, fault["loc"])) or BODY,
            rule="json_too_deep" if TOO_DEEP in fault["msg"] else fault["type"],
            message=fault["msg"],
        )
        for fault in error.errors(include_url=False, include_input=False, include_context=False)
    ]
    message = f"{len(faults)} not valid; the first is {faults[0].field}: {faults[0].message}"
    return ProblemError(422, "invalid_request", message, *faults)
