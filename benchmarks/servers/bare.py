"""What can hardly be left out: Starlette, pydantic-core, onnxruntime.

Run: python -m servers.bare PORT
"""

import sys

import uvicorn
from pydantic_core import SchemaValidator, core_schema, to_json
from servers.given import given
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

TYPES = {
    "boolean": core_schema.bool_schema(),
    "category": core_schema.str_schema(),
    "float": core_schema.float_schema(),
    "integer": core_schema.int_schema(),
    "string": core_schema.str_schema(),
    "timestamp": core_schema.datetime_schema(tz_constraint="aware"),
}
GIVEN = given()


def validator() -> SchemaValidator:
    """Takes the bytes of a body once, and gives its rows; of values it knows the types."""
    fields = {}
    for name, column in GIVEN.columns.items():
        kind = TYPES[column["type"]]
        fields[name] = core_schema.typed_dict_field(
            core_schema.nullable_schema(kind) if column["nullable"] else kind,
            required=not column["nullable"],
        )
    rows = core_schema.list_schema(core_schema.typed_dict_schema(fields), min_length=1)
    body = core_schema.typed_dict_schema({"rows": core_schema.typed_dict_field(rows)})
    return SchemaValidator(body)


VALIDATE = validator().validate_json


async def predict(request: Request) -> Response:
    """Validate, run, answer: one row."""
    rows = VALIDATE(await request.body())["rows"]
    return Response(to_json(GIVEN.answer(rows[0])), media_type="application/json")


if __name__ == "__main__":
    uvicorn.run(
        Starlette(routes=[Route("/predict", predict, methods=["POST"])]),
        port=int(sys.argv[1]),
        loop="uvloop",
        http="httptools",
        log_level="warning",
        access_log=False,
    )
