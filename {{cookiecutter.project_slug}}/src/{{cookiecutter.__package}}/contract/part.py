"""What every part of the contract has in common."""

from collections.abc import Iterable

from pydantic import BaseModel, ConfigDict

PIPELINES_OWN = frozenset(
    {
        "_score",
        "_source_row",
        "_file",
        "_line",
        "_raw",
        "_hash",
        "_reasons",
        "_nulled",
        "_failed",
        "_split",
    }
)


class Part(BaseModel):
    """Frozen; an unknown key is an error; the lines under the fields become the JSON Schema."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", use_attribute_docstrings=True, allow_inf_nan=False
    )


def tell_apart(names: Iterable[str]) -> None:
    """Refuse names that an engine or the pipeline would take for one another.

    Raises:
        ValueError: two differ only in case, or one is a name that the pipeline uses itself.
    """
    seen: dict[str, str] = {}
    for name in names:
        if name.lower() in PIPELINES_OWN or name.lower().startswith("_other_"):
            raise ValueError(f"'{name}' is a name that the pipeline uses itself; rename it")
        if (other := seen.setdefault(name.lower(), name)) != name:
            raise ValueError(f"'{other}' and '{name}' are one name to SQL; rename one of them")
