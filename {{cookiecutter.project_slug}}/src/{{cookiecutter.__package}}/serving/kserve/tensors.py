"""Tensors of the Open Inference Protocol to rows, and answers to tensors; knows no HTTP.

Values are a list in the JSON, or bytes behind it: little-endian, texts behind their length in 4
bytes.
"""

from itertools import chain
from typing import Annotated, Any

import numpy as np
from annotated_types import Ge, Len
from pydantic import BaseModel, ConfigDict, FailFast, ValidationError
from pydantic_core import from_json

from ...contract import Contract
from ..problems import Fault, ProblemError, invalid, invalid_by
from ..schemas import is_optional

DATATYPES = {"float": "FP64", "integer": "INT64", "boolean": "BOOL"}
"""By the contract's type; all others are BYTES."""
PACKED: dict[str, np.dtype[Any]] = {
    "FP64": np.dtype("<f8"),
    "INT64": np.dtype("<i8"),
    "BOOL": np.dtype("u1"),
}
FLAGS: dict[float, bool] = {0: False, 1: True}
Size = Annotated[int, Ge(0)]
Columns = dict[str, list[Any]]


class _Part(BaseModel):
    """A part of a request; what only other servers know is passed over."""

    model_config = ConfigDict(strict=True)


class InputParameters(_Part):
    """Where an input's values are."""

    binary_data_size: Size | None = None
    """How many of the bytes behind the JSON; null where they are in it."""


class OutputParameters(_Part):
    """How an output is wanted; to pass over what cannot be had would answer something else."""

    model_config = ConfigDict(strict=True, extra="forbid")

    binary_data: bool | None = None
    """Whether as bytes; null leaves that to the request."""


class RequestParameters(_Part):
    """How all outputs are wanted."""

    binary_data_output: bool = False
    """Whether as bytes."""


class Input(_Part):
    """A column's values."""

    name: str
    shape: Annotated[list[Size], Len(1, 2)]
    datatype: str
    parameters: InputParameters = InputParameters()
    data: list[Any] | None = None


class Output(_Part):
    """An output that is wanted."""

    name: str
    parameters: OutputParameters = OutputParameters()


class InferRequest(_Part):
    """The JSON of a request."""

    id: str | None = None
    parameters: RequestParameters = RequestParameters()
    inputs: Annotated[list[Input], FailFast()]
    outputs: Annotated[list[Output], FailFast()] = []


def read_request(body: bytes) -> InferRequest:
    """The JSON of a request; parsed first, so that refusing it costs no more than its size.

    Raises:
        ProblemError: it is not valid.
    """
    try:
        return InferRequest.model_validate(from_json(body))
    except ValidationError as error:
        raise invalid_by(error) from None
    except ValueError as error:
        raise refusal(f"body: {error}") from None


def inputs_of(contract: Contract) -> list[dict[str, Any]]:
    """What is taken; ``parameters`` say what the datatype leaves open."""
    return [
        {
            "name": name,
            "datatype": _datatype(contract, name),
            "shape": [-1],
            "parameters": {
                "type": contract.columns[name].type,
                "optional": is_optional(contract, name),
            },
        }
        for name in contract.request
    ]


def outputs_of(contract: Contract) -> list[dict[str, Any]]:
    """What is answered, by task."""
    if contract.task == "regression":
        return [{"name": "value", "datatype": "FP64", "shape": [-1]}]
    probability = {"name": "probability", "datatype": "FP64", "shape": [-1]}
    if contract.task == "binary":
        return [probability, {"name": "decision", "datatype": "BOOL", "shape": [-1]}]
    labels = list(contract.labels or ())
    each = {"name": "probabilities", "datatype": "FP64", "shape": [-1, len(labels)]}
    return [
        probability,
        {"name": "decision", "datatype": "BYTES", "shape": [-1]},
        each | {"parameters": {"labels": labels}},
    ]


def rows_of(
    contract: Contract, inputs: list[Input], packed: bytes, max_rows: int
) -> list[dict[str, Any]]:
    """The inputs' values by row, as JSON has them; ``packed`` are the bytes behind it.

    Raises:
        ProblemError: a tensor is not the column's. Values are left to the validator.
    """
    columns: Columns = {}
    start, told = 0, sum(tensor.parameters.binary_data_size or 0 for tensor in inputs)
    if told != len(packed):
        raise refusal(f"{len(packed)} bytes follow the JSON; the inputs tell of {told}")
    for tensor in inputs:
        if tensor.name in columns:
            raise refusal(f"input '{tensor.name}' is given twice")
        _check(contract, tensor)
        size = tensor.parameters.binary_data_size
        if size is None:
            values = _listed(tensor)
        else:
            values = _unpacked(tensor, packed[start : start + size])
            start += size
        if len(values) != tensor.shape[0]:
            found = f"{len(values)} values, not the {tensor.shape[0]} of its shape"
            raise refusal(f"input '{tensor.name}' has {found}")
        columns[tensor.name] = _as_json(contract, tensor, values)
    lengths = {len(values) for values in columns.values()}
    if len(lengths) > 1 or max(lengths, default=0) > max_rows:
        raise refusal(f"all inputs should have as many rows; a request may have {max_rows:,} rows")
    return [
        dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)
    ]


def requested_outputs(contract: Contract, asked: InferRequest) -> dict[str, bool]:
    """The outputs that are requested, all unless some are named, and whether as bytes.

    Raises:
        ProblemError: there is none of that name.
    """
    packed = asked.parameters.binary_data_output
    known = [output["name"] for output in outputs_of(contract)]
    if not asked.outputs:
        return dict.fromkeys(known, packed)
    for output in asked.outputs:
        if output.name not in known:
            raise refusal(f"output '{output.name}' is not known; use {', '.join(known)}")
    said = {output.name: output.parameters.binary_data for output in asked.outputs}
    return {name: packed if own is None else own for name, own in said.items()}


def tensors_of(
    contract: Contract, names: dict[str, bool], answers: list[dict[str, Any]]
) -> tuple[list[dict[str, Any]], bytes]:
    """The answers as the tensors that were requested, and the bytes behind the JSON."""
    specs = {output["name"]: output for output in outputs_of(contract)}
    tensors, pieces = [], []
    for name, as_bytes in names.items():
        datatype, values = specs[name]["datatype"], [answer[name] for answer in answers]
        if name == "probabilities":
            values = list(chain.from_iterable(value.values() for value in values))
        tensor: dict[str, Any] = {"name": name, "datatype": datatype}
        tensor["shape"] = [len(answers), *specs[name]["shape"][1:]]
        if as_bytes:
            pieces.append(_packed(datatype, values))
            tensor["parameters"] = {"binary_data_size": len(pieces[-1])}
        else:
            tensor["data"] = values
        tensors.append(tensor)
    return tensors, b"".join(pieces)


def refusal(message: str) -> ProblemError:
    """What is answered to tensors that are not those of the model."""
    return invalid(Fault(field="body", rule="tensor", message=message))


def _datatype(contract: Contract, name: str) -> str:
    return DATATYPES.get(contract.columns[name].type, "BYTES")


def _check(contract: Contract, tensor: Input) -> None:
    if tensor.name not in contract.request:
        known = f"/v2/models/{contract.name}"
        raise refusal(f"input '{tensor.name}' is not known; GET {known} lists those that are")
    valid = [_datatype(contract, tensor.name)]
    if valid[0] in {"INT64", "BOOL"} and is_optional(contract, tensor.name):
        valid.append("FP64")
    if tensor.datatype not in valid:
        should = " or ".join(valid)
        raise refusal(f"input '{tensor.name}' should be {should}, not {tensor.datatype}")
    if tensor.shape[1:] not in ([], [1]):
        raise refusal(f"input '{tensor.name}' has shape {tensor.shape}; use [rows] or [rows, 1]")


def _listed(tensor: Input) -> list[Any]:
    """Values in the JSON, flat or a list for each row."""
    data = tensor.data
    if data is None:
        raise refusal(f"input '{tensor.name}' has neither data nor binary_data_size")
    if len(tensor.shape) == 2 and all(isinstance(row, list) for row in data):
        return list(chain.from_iterable(data))
    return data


def _unpacked(tensor: Input, packed: bytes) -> list[Any]:
    """Values in the bytes behind the JSON."""
    if tensor.datatype == "BYTES":
        return _texts(tensor, packed)
    dtype = PACKED[tensor.datatype]
    if len(packed) % dtype.itemsize:
        found = f"{len(packed)} bytes, {dtype.itemsize} for each {tensor.datatype} and a rest"
        raise refusal(f"input '{tensor.name}' has {found}")
    values: list[Any] = np.frombuffer(packed, dtype).tolist()
    if tensor.datatype == "BOOL":
        return [FLAGS.get(value, value) for value in values]
    return values


def _texts(tensor: Input, packed: bytes) -> list[Any]:
    texts: list[Any] = []
    start = 0
    try:
        while start < len(packed) and len(texts) < tensor.shape[0]:
            end = start + 4 + int.from_bytes(packed[start : start + 4], "little")
            texts.append(packed[start + 4 : end].decode())
            start = end
    except UnicodeDecodeError:
        raise refusal(f"input '{tensor.name}', row {len(texts)}, is not UTF-8") from None
    if start != len(packed):
        found = f"{len(packed)} bytes, which are not {tensor.shape[0]} texts behind their lengths"
        raise refusal(f"input '{tensor.name}' has {found}")
    return texts


def _packed(datatype: str, values: list[Any]) -> bytes:
    if datatype != "BYTES":
        packed: bytes = np.array(values, PACKED[datatype]).tobytes()
        return packed
    texts = [text.encode() for text in values]
    return b"".join(len(text).to_bytes(4, "little") + text for text in texts)


def _as_json(contract: Contract, tensor: Input, values: list[Any]) -> list[Any]:
    """Values as ``/predict`` has them; those that cannot be are left for it to refuse."""
    type_ = contract.columns[tensor.name].type
    if tensor.datatype == "BYTES" and is_optional(contract, tensor.name):
        return [None if value == "" else value for value in values]
    if tensor.datatype != "FP64":
        return values
    known = [None if value != value else value for value in values]
    if type_ == "integer":
        return [int(v) if isinstance(v, float) and v.is_integer() else v for v in known]
    if type_ == "boolean":
        return [FLAGS.get(v, v) if isinstance(v, float | int) else v for v in known]
    return known
