"""Promotion and rollback: move the served pointer, then tell the tracker."""

from ...errors import GateRefusedError, RegistryError
from ...models.bundle import verify
from ...models.versions import Version
from ...terminal import say
from ..tracking.outbox import ALIASES, Outbox


def promote(outbox: Outbox, what: str, why: str = "", override: str | None = None) -> Version:
    """Serve a version that passed its gate, or any for a reason; doing it again changes nothing.

    ``what`` is a number or an alias.

    Raises:
        RegistryError: there is no such version, or the reason is empty.
        GateRefusedError: its gate refused it, and no reason to override that was given.
        BundleError: its bundle is absent or damaged.
    """
    version = outbox.versions.find(what)
    if override is not None and not override.strip():
        raise RegistryError("--override needs the reason, which the history and the card keep")
    if not version.passed and override is None:
        raise GateRefusedError(
            f"version {version.number} may not be promoted, its gate refused it:"
            f" {'; '.join(version.broken)}; if you know better: --override 'the reason'"
        )
    return _serve(outbox, version, "promote", override or why)


def rollback(outbox: Outbox, to: str | None, why: str = "") -> Version:
    """Serve a version that served before; without one, the one before the present one.

    Raises:
        RegistryError: there is no such version, or nothing served before.
        BundleError: its bundle is absent or damaged.
    """
    versions = outbox.versions
    version = versions.previous() if to is None else versions.find(to)
    if version.number not in {line["to"] for line in versions.history()}:
        raise RegistryError(f"version {version.number} has never served; promote it instead")
    return _serve(outbox, version, "rollback", why)


def repair(outbox: Outbox) -> None:
    """Tell the tracker everything again; what it has already it leaves as it is.

    Raises:
        RegistryError: the tracker was not reached.
    """
    outbox.mark_all()
    if not outbox.send():
        raise RegistryError(f"the mirror of {outbox.versions.name} is not repaired; see above")
    named = ((alias, version) for alias, version in outbox.versions.aliases().items() if version)
    aliases = ", ".join(f"{alias} {version.number}" for alias, version in named) or "nothing serves"
    count = len(outbox.versions.all())
    say(f"repaired  {outbox.versions.name}: {count} versions are mirrored; {aliases}")


def _serve(outbox: Outbox, version: Version, action: str, why: str) -> Version:
    versions, name = outbox.versions, f"{outbox.versions.name} version {version.number}"
    with versions.changing():
        served = versions.move()
        if served is not None and served["to"] == version.number:
            say(f"served    {name} already serves; nothing changed")
        else:
            verify(versions.folder / version.bundle)
            outbox.mark(ALIASES)
            versions.serve(version, action=action, why=why)
            before = f"version {served['to']}" if served else "none"
            say(f"served    {name} (before: {before}), bundle {version.bundle}")
    outbox.send()
    return version
