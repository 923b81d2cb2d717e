"""Promotion and rollback: move the served pointer, then mirror it."""

from ..errors import GateRefusedError, RegistryError
from ..models.bundle import verify
from ..models.versions import Version, Versions
from ..terminal import say, table
from .tracking import Tracker

SERVED, CHALLENGER = "champion", "challenger"


def promote(versions: Versions, tracker: Tracker, number: int, why: str) -> Version:
    """Serve a version that passed its gate; doing it again changes nothing.

    Raises:
        RegistryError: there is no such version.
        GateRefusedError: its gate refused it.
        BundleError: its bundle is absent or damaged.
    """
    version = versions.get(number)
    if not version.passed:
        broken = "; ".join(
            f"{r['rule']}: {r['reason']}" for r in version.verdict if not r["passed"]
        )
        raise GateRefusedError(
            f"version {number} may not be promoted, its gate refused it: {broken}"
        )
    return _serve(versions, tracker, version, "promote", why)


def rollback(versions: Versions, tracker: Tracker, to: int | None, why: str) -> Version:
    """Serve a version that served before; without a number, the one before the present one.

    Raises:
        RegistryError: there is no such version, or nothing served before.
    """
    version = versions.previous() if to is None else versions.get(to)
    if version.number not in {line["to"] for line in versions.history()}:
        raise RegistryError(f"version {version.number} has never served; promote it instead")
    return _serve(versions, tracker, version, "rollback", why)


def show_history(versions: Versions) -> None:
    """Print every version and every change of the served one."""
    served = versions.served()
    table(
        f"{versions.name}: versions",
        ["version", "bundle", "made", "gate", ""],
        [
            (
                version.number,
                version.bundle,
                version.created,
                "passed" if version.passed else "refused",
                "served" if served and served.number == version.number else "",
            )
            for version in versions.all()
        ],
    )
    table(
        f"{versions.name}: what has served",
        ["when", "who", "action", "from", "to", "why"],
        [
            (line["when"], line["who"], line["action"], line["from"], line["to"], line["why"])
            for line in versions.history()
        ],
    )


def _serve(
    versions: Versions, tracker: Tracker, version: Version, action: str, why: str
) -> Version:
    served = versions.served()
    if served is not None and served.number == version.number:
        say(f"served    {versions.name} version {version.number} already serves; nothing changed")
        tracker.alias(SERVED, version.number)  # the mirror may have missed it
        return version
    verify(versions.folder / version.bundle)
    versions.serve(version, action=action, why=why)
    tracker.alias(SERVED, version.number)
    before = "none" if served is None else f"version {served.number}"
    say(
        f"served    {versions.name} version {version.number} (before: {before}), bundle {version.bundle}"
    )
    return version
