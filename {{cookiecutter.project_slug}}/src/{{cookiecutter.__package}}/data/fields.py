"""The fields of one record of delimited text."""

import re
from collections.abc import Iterable


def split(record: str, delimiter: str, quote: str | None) -> list[str]:
    """The fields of a record whose quotes are in order."""
    if quote is None or quote not in record:
        return record.split(delimiter)
    fields = []
    for field in re.finditer(_pattern(delimiter, quote), record):
        quoted, plain, behind = field.groups()
        fields.append(plain if quoted is None else quoted.replace(quote * 2, quote))
        if not behind:
            break
    return fields


def join(fields: Iterable[str], delimiter: str, quote: str | None) -> str:
    """The record of these fields; those that need it are quoted."""
    if quote is None:
        return delimiter.join(fields)
    needing = re.compile(f"[{re.escape(delimiter + quote)}\r\n]")
    return delimiter.join(
        quote + field.replace(quote, quote * 2) + quote if needing.search(field) else field
        for field in fields
    )


def _pattern(delimiter: str, quote: str) -> str:
    """A quoted field or a plain one, and what is behind it: a delimiter, or nothing at the end."""
    q, d = re.escape(quote), re.escape(delimiter)
    return rf"(?:{q}([^{q}]*(?:{q}{q}[^{q}]*)*){q}|([^{d}]*))({d}|\Z)"
