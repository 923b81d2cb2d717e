"""API keys: each printed once and kept as a hash, in a file that git does not know.

A key is 256 random bits. Nobody guesses one, nor finds the one behind a hash, however quick the hash
is. A slow hash is for what people choose; here it would cost milliseconds of each request, and let
anybody keep the server busy with keys that are none.
"""

import hashlib
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

from filelock import FileLock
from pydantic import Field, TypeAdapter, ValidationError

from ...errors import ConfigError
from ...storage import write_file

PREFIX = "key_"
"""Of every key, so that whoever looks for secrets finds one."""
NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")
MOST_PER_MINUTE = 1_000_000
WAIT_S = 10.0


@dataclass(frozen=True, kw_only=True)
class Key:
    """What is kept of a key."""

    name: Annotated[str, Field(pattern=f"^{NAME.pattern}$")]
    """Whose it is."""
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    made: datetime
    per_minute: Annotated[int, Field(gt=0, le=MOST_PER_MINUTE)] | None = None
    """Most requests within any minute; null is no limit."""


KEYS = TypeAdapter(tuple[Key, ...])


def read_keys(path: Path) -> tuple[Key, ...]:
    """The keys of a file; none where it is not there.

    Raises:
        ConfigError: it cannot be read, or is none of ours.
    """
    try:
        return KEYS.validate_json(path.read_bytes())
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise ConfigError(f"the keys in '{path}' cannot be read: {error.strerror}") from None
    except ValidationError as error:  # what was found may be a key: it is not repeated
        fault = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, fault["loc"])) or "the file"
        raise ConfigError(
            f"'{path}' holds no keys: {place}: {fault['msg']};"
            " take it away, and make each key with: keys new NAME"
        ) from None


def new_key(path: Path, name: str, per_minute: int | None = None) -> str:
    """Make a key, keep its hash, and return it: nothing can tell it again.

    Raises:
        ConfigError: the name is none or taken, or the file cannot be changed.
    """
    if not NAME.fullmatch(name):
        raise ConfigError(f"'{name}' names no key; use up to 64 letters, digits, '.', '_' and '-'")
    key = PREFIX + secrets.token_urlsafe(32)
    with _changing(path) as keys:
        if any(known.name == name for known in keys):
            raise ConfigError(
                f"there is a key '{name}'; to replace it, make one of another name,"
                f" and once it is used everywhere: keys revoke {name}"
            )
        kept = Key(name=name, sha256=digest(key), made=_now(), per_minute=per_minute)
        _write(path, (*keys, kept))
    return key


def revoke(path: Path, name: str) -> None:
    """Let a key in no longer. After the last one nobody is let in: the file stays.

    Raises:
        ConfigError: there is no such key, or the file cannot be changed.
    """
    with _changing(path) as keys:
        left = tuple(key for key in keys if key.name != name)
        if len(left) == len(keys):
            known = ", ".join(key.name for key in keys) or "none"
            raise ConfigError(f"'{path}' has no key '{name}'; its keys: {known}")
        _write(path, left)


def digest(key: str) -> str:
    """What is kept of a key, in hexadecimal."""
    return hashlib.sha256(key.encode()).hexdigest()


@contextmanager
def _changing(path: Path) -> Iterator[tuple[Key, ...]]:
    """The keys, while nobody else changes them."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(path.with_name(f".{path.name}.lock")).acquire(timeout=WAIT_S):
            yield read_keys(path)
    except OSError as error:
        raise ConfigError(f"the keys in '{path}' cannot be changed: {error}") from None


def _write(path: Path, keys: tuple[Key, ...]) -> None:
    write_file(path, KEYS.dump_json(keys, indent=2) + b"\n", mode=0o600)


def _now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)
