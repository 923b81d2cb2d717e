"""Refuses a key that stands twice in one object, of which a parser silently takes the last."""

import json
from collections import Counter
from typing import Any

from .problems import Fault, ProblemError


class _TwiceError(Exception):
    pass


def refuse_duplicates(body: bytes, n_keys: int) -> None:
    """Look through a valid body, of which ``n_keys`` keys were read.

    Keys are counted, by a quote and a colon side by side: where nothing is escaped, the body is one
    line, and no space stands before a colon, there can be no more keys than that. Otherwise they
    are read.

    Raises:
        ProblemError: a key stands twice.
    """
    if not (
        body.count(b'":') == n_keys
        and b"\\" not in body
        and b" :" not in body
        and b"\n" not in body
        and b"\r" not in body
        and b"\t" not in body
    ):
        _read(body)


def _read(body: bytes) -> None:
    try:
        json.loads(body, object_pairs_hook=_once, parse_int=str, parse_float=str)
    except _TwiceError as error:
        said = f"'{error}' stands twice in one object; say once what is meant"
        fault = Fault(field="body", rule="duplicate_key", message=said)
        raise ProblemError(422, "invalid_request", said, fault) from None


def _once(pairs: list[tuple[str, Any]]) -> None:
    """Keep nothing of an object but whether its keys differ."""
    if len(dict(pairs)) != len(pairs):
        raise _TwiceError(Counter(name for name, _ in pairs).most_common(1)[0][0])
