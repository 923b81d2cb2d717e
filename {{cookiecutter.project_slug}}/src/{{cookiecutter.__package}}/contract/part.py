"""What every part of the contract has in common."""

from collections.abc import Iterable

from pydantic import BaseModel, ConfigDict

PIPELINES_OWN = frozenset(
    {
        "_score",
        "_source_row",
        "_file",
        "_record",
        "_raw",
        "_reasons",
        "_split",
        "_key",
    }
)


class Part(BaseModel):
    """Frozen; an unknown key is an error; the lines under the fields become the JSON Schema."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", use_attribute_docstrings=True, allow_inf_nan=False
    )


def leave_ours(names: Iterable[str]) -> None:
    """Refuse names that the pipeline uses itself.

    Raises:
        ValueError: naming the first.
    """
    for name in names:
        if name.lower() in PIPELINES_OWN or name.lower().startswith("_nulled_"):
            raise ValueError(f"'{name}' is a name that the pipeline uses itself; rename it")
