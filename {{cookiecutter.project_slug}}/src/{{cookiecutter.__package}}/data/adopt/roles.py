"""What the person said, and the columns that are meant: target, time, id, and those left out."""

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ...errors import ConfigError, DataError
from .facts import Facts
from .infer import Guess
from .look import Look
from .target import Task
from .words import named_key, named_time

ROWS = "rows"


@dataclass(frozen=True, kw_only=True)
class Ask:
    """What the person said."""

    path: str
    """A file, or a database's URL or the environment variable that holds it."""
    target: str
    time: str | None = None
    id: str | None = None
    timezone: str = "UTC"
    table: str | None = None
    query: str | None = None
    positive: str | None = None
    task: Task | None = None
    name: str | None = None


def zone_of(ask: Ask) -> ZoneInfo:
    """The zone of times that have none.

    Raises:
        ConfigError: there is no such zone.
    """
    try:
        return ZoneInfo(ask.timezone)
    except (ZoneInfoNotFoundError, ValueError):
        raise ConfigError(
            f"--timezone: '{ask.timezone}' is not an IANA time zone such as Europe/Paris"
        ) from None


def source_name(ask: Ask) -> str:
    """What the contract calls the source: its file's or table's name."""
    stem = ask.table or (ROWS if ask.query else Path(ask.path).name.partition(".")[0])
    name = re.sub(r"[^A-Za-z0-9_-]+", "_", stem).strip("_-")
    return name if name and name != "contract" else ROWS


def meant(name: str, names: list[str], found: Look, option: str) -> str:
    """The column that is meant: by its name, or but for spaces around it and case."""
    if name in names:
        return name
    alike = [one for one in names if one.strip().casefold() == name.strip().casefold()]
    if len(alike) == 1:
        return alike[0]
    if name in found.unreadable:
        raise DataError(f"{option}: '{name}': {found.unreadable[name]}")
    near = difflib.get_close_matches(name, names, 1)
    meant = f"did you mean '{near[0]}'? " if near else ""
    shown = ", ".join(repr(one) for one in names[:20]) + (" and more" if len(names) > 20 else "")
    hint = "if these are no names, the file lacks a first line that names its columns: add one"
    below = [one for one, watch in found.watches.items() if name in watch.examples]
    if below:
        hint = "the names stand in the second line: delete the first one in a copy of the file"
    raise DataError(f"{option}: there is no column '{name}'; {meant}there are {shown}; {hint}")


def nameless(facts: Mapping[str, Facts], ask: Ask) -> dict[str, str]:
    """Columns without a name, which callers could not send."""
    return {
        name: "it counts the rows" if one.unique and one.bad("integer") == 0 else "it has no name"
        for name, one in facts.items()
        if re.fullmatch(r"\(column \d+\)", name) and name not in {ask.target, ask.time, ask.id}
    }


def time_of(said: str | None, facts: Mapping[str, Facts], kept: Mapping[str, Guess]) -> str | None:
    """The time: what is said, or the only complete timestamp with a name such as date.

    Raises:
        DataError: what is said holds gaps, or no times.
    """
    if said is None:
        stamps = [name for name, one in kept.items() if one.column.type == "timestamp"]
        sound = [n for n in stamps if named_time(n) and not kept[n].column.nullable]
        return sound[0] if len(sound) == 1 else None
    one, shown = facts[said], ", ".join(map(repr, facts[said].examples[:3]))
    if kept[said].column.type != "timestamp":
        raise DataError(
            f"--time: '{said}' holds no times that can be read, such as {shown}; write them as"
            " 2024-01-31 23:59:00 in a copy of the file, or leave --time out"
        )
    if kept[said].column.nullable:
        form = kept[said].format or "timestamp"
        raise DataError(
            f"--time: '{said}' has {one.n_rows - one.n_known:,} gaps and"
            f" {one.fits[form].n_bad:,} values that are no times, and a row without its time can"
            " be in no split; name another column, or leave --time out"
        )
    return said


def id_of(
    said: str | None,
    facts: Mapping[str, Facts],
    kept: Mapping[str, Guess],
    taken: set[str | None],
) -> str | None:
    """The id: what is said, or the first unique column with a name such as id.

    Raises:
        DataError: what is said has gaps or repeats.
    """
    if said is not None:
        one = facts[said]
        if not (one.unique and one.complete):
            again = "many" if one.distinct is None else f"{one.n_known - one.distinct:,}"
            raise DataError(
                f"--id: '{said}' does not name each row once: {again} rows repeat a value of"
                f" another and {one.n_rows - one.n_known:,} have none; name another column, or"
                " leave --id out (the rows are then told apart by all their values)"
            )
        return said
    found = [
        name
        for name, one in kept.items()
        if named_key(name) and facts[name].unique and facts[name].complete
        if name not in taken and one.column.type in {"string", "integer"} and not one.column.pii
    ]
    return found[0] if found else None
