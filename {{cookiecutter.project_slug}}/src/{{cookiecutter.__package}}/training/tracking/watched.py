"""What monitoring measured of a version, as a tracker mirrors it: a point for each judged window."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from zlib import crc32

MOST_LETTERS = 50


@dataclass(frozen=True, kw_only=True)
class Watched:
    """One judged window."""

    name: str
    """Its first day in ISO 8601, or ``row-000001``."""
    fingerprint: str
    """Of what it was judged from: another one means that it was judged again."""
    judged: float
    """Seconds since 1970."""
    values: Mapping[str, float]
    """By ``key``; all finite."""

    @property
    def step(self) -> int:
        """A number in the order of time that stays: 20130107 of a day, 401 of ``row-000401``."""
        return int("".join(filter(str.isdigit, self.name)))


def key(*parts: str) -> str:
    """A metric's name that every tracker takes; where a part had to change, no two become one."""
    return "/".join(_taken(part) for part in parts if part)


def _taken(part: str) -> str:
    plain = re.sub(r"[^\w -]", "_", part)[:MOST_LETTERS].strip()
    return plain if plain == part else f"{plain}-{crc32(part.encode()):08x}"
