"""Tensors of the Open Inference Protocol to rows, and answers to tensors; knows no HTTP.

One input for each column of a request, ``[rows]`` or ``[rows, 1]``: FP64 for a float, INT64 for an
integer, BOOL for a boolean, else BYTES, UTF-8 text, times in ISO 8601 with zone. A column that may be
missing is FP64 in place of INT64 or BOOL, for a missing value is NaN there; in BYTES it is the empty text,
anywhere also null; or the column is left out of all rows.
"""

from itertools import chain
from typing import Annotated, Any

from annotated_types import Ge, Len
from pydantic import BaseModel, ConfigDict, FailFast, ValidationError
from pydantic_core import from_json

from ...contract import Contract
from ..answers import fields_of
from ..problems import ProblemError, invalid, invalid_by
from ..schemas import Row, is_optional

OUTPUTS = {float: "FP64", bool: "BOOL", str: "BYTES"}
FLAGS: dict[float, bool] = {0: False, 1: True}
Size = Annotated[int, Ge(0)]


class _Part(BaseModel):
    """A part of a request; what only other servers know is passed over."""

    model_config = ConfigDict(strict=True)


class Input(_Part):
    """A column's values."""

    name: str
    shape: Annotated[list[Size], Len(1, 2)]
    datatype: str
    data: list[Any]


class Output(_Part):
    """An output that is wanted."""

    name: str
    parameters: dict[str, Any] = {}


class InferRequest(_Part):
    """The JSON of a request."""

    id: str | None = None
    inputs: Annotated[list[Input], FailFast()]
    outputs: Annotated[list[Output], FailFast()] = []


def read_request(contract: Contract, body: bytes) -> InferRequest:
    """The JSON of a request; parsed first, so that refusing it costs no more than its size."""
    try:
        request = InferRequest.model_validate(from_json(body))
    except ValidationError as error:
        raise invalid_by(error) from None
    except ValueError as error:
        raise refusal(f"body: {error}") from None
    known = [output["name"] for output in outputs_of(contract)]
    for output in request.outputs:
        if output.name not in known:
            raise refusal(f"output '{output.name}' is not known; use {', '.join(known)}")
        if output.parameters.keys() - {"binary_data"}:  # else something else would be answered
            raise refusal(f"output '{output.name}' takes no parameter but binary_data")
    return request


def inputs_of(contract: Contract) -> list[dict[str, Any]]:
    """What is taken; ``parameters`` say what the datatype leaves open."""
    return [
        {
            "name": name,
            "datatype": _datatype(contract, name),
            "shape": [-1],
            "parameters": {"type": column.type, "optional": is_optional(contract, name)},
        }
        for name, column in contract.columns.items()
        if name in contract.request
    ]


def outputs_of(contract: Contract) -> list[dict[str, Any]]:
    """What is answered: the fields of an answer that every row has."""
    outputs: list[dict[str, Any]] = []
    for field in fields_of(contract):
        kind, output = field.type(contract), {"name": field.name}
        if kind in OUTPUTS:
            outputs.append({**output, "datatype": OUTPUTS[kind], "shape": [-1]})
        elif kind == dict[str, float]:
            labels = list(contract.labels or ())
            shape = {"datatype": "FP64", "shape": [-1, len(labels)]}
            outputs.append({**output, **shape, "parameters": {"labels": labels}})
    return outputs


def rows_of(contract: Contract, inputs: list[Input], max_rows: int) -> list[Row]:
    """The inputs' values by row, as JSON has them, for the validator to judge."""
    columns: dict[str, list[Any]] = {}
    for tensor in inputs:
        if tensor.name in columns:
            raise refusal(f"input '{tensor.name}' is given twice")
        _check(contract, tensor)
        columns[tensor.name] = _as_json(contract, tensor)
    lengths = {len(values) for values in columns.values()}
    if len(lengths) > 1 or max(lengths, default=0) > max_rows:
        raise refusal(f"all inputs should have as many rows; a request may have {max_rows:,} rows")
    return [
        dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)
    ]


def tensors_of(
    contract: Contract, request: InferRequest, answers: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """The answers as the tensors that were requested, all unless some are named."""
    known = {output["name"]: output for output in outputs_of(contract)}
    tensors = []
    for name in [output.name for output in request.outputs] or known:
        values = [answer[name] for answer in answers]
        if isinstance(values[0], dict):
            values = list(chain.from_iterable(value.values() for value in values))
        shape = [len(answers), *known[name]["shape"][1:]]
        head = {"name": name, "datatype": known[name]["datatype"]}
        tensors.append({**head, "shape": shape, "data": values})
    return tensors


def refusal(message: str) -> ProblemError:
    """What is answered to tensors that are not those of the model."""
    return invalid((("body",), "tensor", message))


def _datatype(contract: Contract, name: str) -> str:
    kind = contract.columns[name].type
    if kind == "float" or (kind in {"integer", "boolean"} and is_optional(contract, name)):
        return "FP64"
    return {"integer": "INT64", "boolean": "BOOL"}.get(kind, "BYTES")


def _check(contract: Contract, tensor: Input) -> None:
    if tensor.name not in contract.request:
        known = f"/v2/models/{contract.name}"
        raise refusal(f"input '{tensor.name}' is not known; GET {known} lists those that are")
    valid = _datatype(contract, tensor.name)
    if tensor.datatype != valid:
        raise refusal(f"input '{tensor.name}' should be {valid}, not {tensor.datatype}")
    if tensor.shape[1:] not in ([], [1]):
        raise refusal(f"input '{tensor.name}' has shape {tensor.shape}; use [rows] or [rows, 1]")


def _as_json(contract: Contract, tensor: Input) -> list[Any]:
    """Values as ``/predict`` has them; those that cannot be are left for it to refuse."""
    values = tensor.data
    if len(tensor.shape) == 2 and all(isinstance(row, list) for row in values):
        values = list(chain.from_iterable(values))
    if len(values) != tensor.shape[0]:
        found = f"{len(values)} values, not the {tensor.shape[0]} of its shape"
        raise refusal(f"input '{tensor.name}' has {found}")
    if is_optional(contract, tensor.name):
        values = [None if value == "" or value != value else value for value in values]
    if tensor.datatype == "FP64" and contract.columns[tensor.name].type == "boolean":
        return [FLAGS.get(v, v) if isinstance(v, float | int) else v for v in values]
    return values
