"""Who is let in: whoever has a key, and everybody where nobody else can come.

Where the file of keys is, keys are demanded; a server that has seen it demands them to its end, also
if the file goes. Its size and time are looked at once a second, by the request that comes then.
"""

import logging
import os
from collections.abc import Iterable
from hashlib import sha256
from hmac import compare_digest
from ipaddress import ip_address
from math import ceil
from pathlib import Path

from ...config import ServeConfig
from ...errors import ConfigError
from ..http.problems import ProblemError
from ..metrics import FOLDER
from .keys import Key, read_keys
from .rates import Rate

LOOK_S = 1.0
PROBES = frozenset(("/health/live", "/health/ready"))
PAGES = frozenset(("/", "/docs"))
FILES = ("/page/", "/docs/files/", "/docs/ui/")
"""Pages and their files are the same everywhere; what they show is asked for with a key."""
LOGGER = logging.getLogger(__name__)
Seen = tuple[int, int, int] | None
Held = tuple[bytes, Rate | None]


class Guard:
    """Knows the keys of a server, and follows their file."""

    def __init__(self, config: ServeConfig, open_paths: Iterable[str] = ()) -> None:
        """``open_paths`` need no key, besides the server's own probes and pages."""
        self._path = config.keys
        self._open = PROBES | PAGES | frozenset(open_paths)
        self._demanded = is_open(config) and not config.open
        self._held: list[Held] = []
        self._rates: dict[str, Rate] = {}
        self._seen: Seen = None
        self._look_at = 0.0
        self._problem = ""

    def refusal(self, path: str, authorization: bytes, now_s: float) -> ProblemError | None:
        """Why a request is not answered; ``None`` lets it in, and counts it."""
        if now_s >= self._look_at:
            self._look_at = now_s + LOOK_S
            self._look()
        if not self._demanded or path in self._open or path.startswith(FILES):
            return None
        found = self._find(authorization)
        if found is None:
            return _unknown()
        wait_s = found[1].wait_s() if found[1] else 0.0
        return _too_many(wait_s) if wait_s else None

    def knows(self, authorization: str | None) -> bool:
        """Whether one who was let in without a key has one, or needs none."""
        return not self._demanded or self._find((authorization or "").encode("latin-1")) is not None

    def _find(self, authorization: bytes) -> Held | None:
        scheme, _, given = authorization.partition(b" ")
        found, digest = None, sha256(given.strip()).digest()
        for held in self._held:  # all of them, so that the time tells nothing
            if compare_digest(digest, held[0]):
                found = held
        return found if scheme.lower() == b"bearer" else None

    def _look(self) -> None:
        """Read the file if it is another one by now; what cannot be read changes nothing."""
        if self._path is None or (seen := _seen(self._path)) == self._seen:
            return
        self._demanded = True
        try:
            keys = read_keys(self._path)
        except ConfigError as error:
            if str(error) != self._problem:  # the same again was told
                LOGGER.error("%s; the keys that were known before stay", error)
            self._problem = str(error)
            return
        self._seen, self._problem = seen, ""
        if seen is None:
            LOGGER.error("'%s' is gone; nobody is let in until it is back", self._path)
        rates = {name: self._rate(name, key) for key in keys if (name := _rate_name(key))}
        self._rates = rates
        self._held = [(bytes.fromhex(key.sha256), rates.get(_rate_name(key))) for key in keys]

    def _rate(self, name: str, key: Key) -> Rate:
        folder = os.environ.get(FOLDER)  # of one server, all of whose workers know it
        return self._rates.get(name) or Rate(
            key.per_minute or 1, Path(folder) / name if folder else None
        )


def refuse_strangers(config: ServeConfig) -> None:
    """Be sure that a server which others can reach has a key.

    Raises:
        ConfigError: it has none, or its file holds none.
    """
    keys = read_keys(config.keys) if config.keys else ()
    if is_open(config) and not keys and not config.open:
        command = f"python -m {__name__.partition('.')[0]} keys new NAME"
        raise ConfigError(
            f"serve.host {config.host!r} is open to other machines, and there is no API key in"
            f" '{config.keys}'; make one with: {command} (or set serve.open: true where a gateway"
            " of yours says who may come)"
        )


def is_open(config: ServeConfig) -> bool:
    """Whether others than this machine may reach the server; a name is taken for an open one."""
    try:
        return not ip_address(config.host).is_loopback
    except ValueError:
        return config.host != "localhost"


def _seen(path: Path) -> Seen:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ino, found.st_size


def _rate_name(key: Key) -> str:
    """A name for what was counted, by which it stays when other keys change; none if nothing is."""
    return f"rate-{key.sha256[:16]}-{key.per_minute}" if key.per_minute else ""


def _unknown() -> ProblemError:
    message = "this needs a key that is known here; send it as Authorization: Bearer KEY"
    return ProblemError(401, "unauthorized", message, headers={"www-authenticate": "Bearer"})


def _too_many(wait_s: float) -> ProblemError:
    after = str(ceil(wait_s))
    message = f"this key has had its requests of the last minute; again in {after} s"
    return ProblemError(429, "too_many_requests", message, headers={"retry-after": after})
