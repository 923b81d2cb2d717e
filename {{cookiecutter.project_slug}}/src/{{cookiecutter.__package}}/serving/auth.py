"""Who is let in: whoever has a key; without keys, callers on this machine alone.

A key is 256 random bits, printed once and kept as a hash: nobody finds the one behind a hash, however
quick the hash is. A server that has met a file of keys demands keys to its end.
"""

import re
import secrets
from collections.abc import Callable, Mapping
from hashlib import sha256
from hmac import compare_digest
from pathlib import Path

from filelock import FileLock

from ..config import ServeConfig
from ..errors import ConfigError
from ..storage import write_file
from .problems import ProblemError

PREFIX = "key_"  # so that whoever looks for secrets finds one
NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")
LINE = re.compile(rf"([0-9a-f]{{64}})\s+({NAME.pattern})\s*")
LOOPBACK = ("127.0.0.1", "::1", "localhost")
LOCAL_HOST = re.compile(rb"(localhost|127\.0\.0\.1|\[::1\])(:\d+)?")
FORM_TYPES = (b"", b"text/plain", b"application/x-www-form-urlencoded", b"multipart/form-data")
"""Types of bodies that any page may send to any server."""
PROBES = ("/health/live", "/health/ready")
"""Ends of paths that need no key."""
PAGES, PAGE_FILES = ("/", "/docs"), ("/page/", "/docs/ui/")
"""Paths, and their beginnings, that need none either: a page asks with a key for what it shows."""
Headers = Mapping[bytes, bytes]


def read_keys(path: Path) -> dict[str, str]:
    """The names of a file's keys by their SHA-256; none where there is no file.

    A line is the hash, two spaces and the name, as ``sha256sum`` writes it; lines that are empty or
    begin with # are passed over. ``ConfigError`` where it cannot be read, or a line is none of these.
    """
    keys = {}
    for number, line in enumerate(_read(path).splitlines(), start=1):
        if key := LINE.fullmatch(line):
            keys[key[1]] = key[2]
        elif line.strip() and not line.startswith("#"):  # it may be a key, so it is not repeated
            text = f"line {number} of '{path}' is not the hash of a key and its name"
            raise ConfigError(f"{text}; delete it, and make the key with: keys new NAME")
    return keys


def new_key(path: Path, name: str, show: Callable[[str], None]) -> None:
    """Make a key, show it, and only then keep its hash: nothing can show it again.

    Raises ``ConfigError`` where the name is none or taken, and whatever ``show`` raises.
    """
    if not NAME.fullmatch(name):
        raise ConfigError(f"'{name}' names no key; use up to 64 letters, digits, '.', '_' and '-'")
    if name in read_keys(path).values():
        text = f"there is a key '{name}' in '{path}'; use another name, or delete its line first"
        raise ConfigError(text)
    key = PREFIX + secrets.token_urlsafe(32)
    show(key)
    line = f"{sha256(key.encode()).hexdigest()}  {name}"
    try:
        with FileLock(path.with_name(f".{path.name}.lock")):  # two at once would lose one
            content = "\n".join([*_read(path).splitlines(), line, ""])
            write_file(path, content.encode(), mode=0o600)
    except OSError as error:
        raise ConfigError(f"the keys in '{path}' cannot be changed: {error}") from None


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise ConfigError(f"the keys in '{path}' cannot be read: {error.strerror}") from None


class Guard:
    """Knows the keys of a server, and follows their file."""

    def __init__(self, config: ServeConfig) -> None:
        self._path = config.keys
        self._is_local = config.host in LOOPBACK
        self._needs_key = not self._is_local and not config.open
        self._hashes: list[str] = []

    def refresh(self) -> None:
        """Read the file of keys, if there is or was one; where it cannot be, the known keys stay."""
        if self._path is not None and (self._needs_key or self._path.exists()):
            self._needs_key = True
            self._hashes = [*read_keys(self._path)]

    def check(self, method: str, path: str, headers: Headers) -> None:
        """Raise ``ProblemError`` for a request that is not to be answered."""
        if not self._needs_key:
            if self._is_local:
                _check_local(method, headers)
        elif not (_is_open(path) or self.knows(headers)):
            message = "this needs a known key; send it as Authorization: Bearer KEY"
            raise ProblemError("unauthorized", message, headers={"www-authenticate": "Bearer"})

    def knows(self, headers: Headers) -> bool:
        """Whether a caller has a key, or needs none."""
        if not self._needs_key:
            return True
        scheme, _, key = headers.get(b"authorization", b"").partition(b" ")
        own = sha256(key.strip()).hexdigest()
        matches = [compare_digest(own, one) for one in self._hashes]  # all: time tells nothing
        return any(matches) and scheme.lower() == b"bearer"


def _is_open(path: str) -> bool:
    return path in PAGES or path.startswith(PAGE_FILES) or path.endswith(PROBES)


def _check_local(method: str, headers: Headers) -> None:
    """Refuse what a page of another server can make a browser send here."""
    host, origin = headers.get(b"host", b""), headers.get(b"origin")
    if not LOCAL_HOST.fullmatch(host):  # a name of somebody's that leads here: DNS rebinding
        raise ProblemError("wrong_host", "without keys the server is called localhost or 127.0.0.1")
    if origin is not None and origin != b"http://" + host:
        raise ProblemError("foreign_origin", "without keys, pages of other origins may not ask")
    sent = headers.get(b"content-type", b"application/json").partition(b";")[0].strip().lower()
    if method not in ("GET", "HEAD") and sent in FORM_TYPES:
        raise ProblemError("unsupported_type", "send the header Content-Type: application/json")


def require_keys(config: ServeConfig) -> None:
    """Raise ``ConfigError`` for a server that others can reach and that has no key."""
    keys = read_keys(config.keys) if config.keys else {}
    if keys or config.open or config.host in LOOPBACK:
        return
    fault = f"serve.host {config.host!r} is open to other machines, and"
    if config.keys is None:
        raise ConfigError(f"{fault} serve.keys is null; name a file of keys there")
    command = f"python -m {__name__.partition('.')[0]} keys new NAME"
    raise ConfigError(
        f"{fault} there is no API key in '{config.keys}'; make one with: {command} (or set"
        " serve.open: true where a gateway of yours says who may come)"
    )
