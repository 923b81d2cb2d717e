"""Which version serves: promote, roll back, and show what served."""

from collections.abc import Sequence

from ..errors import GateRefusedError, RegistryError
from ..models.bundle import open_bundle
from ..models.versions import Rule, Version, Versions
from ..terminal import say, table


def promote(versions: Versions, what: str, why: str = "", override: str | None = None) -> Version:
    """Serve a version that passed its gate, or any for a reason.

    Raises:
        RegistryError: there is no such version, or the reason is empty.
        GateRefusedError: its gate refused it, and no reason to override that was given.
        BundleError: its bundle is absent, damaged or cannot answer.
    """
    version = versions.find(what)
    if override is not None and not override.strip():
        raise RegistryError("--override needs the reason, which the history keeps")
    if not version.passed and override is None:
        raise GateRefusedError(
            f"version {version.number} may not be promoted, its gate refused it:"
            f" {'; '.join(map(str, version.broken))}; if you know better: --override 'the reason'"
        )
    return _serve(versions, version, "promote", override or why)


def rollback(versions: Versions, to: str | None = None, why: str = "") -> Version:
    """Serve a version that served before; without one, the one before the present one.

    Raises:
        RegistryError: there is no such version, or nothing served before.
    """
    version = versions.previous() if to is None else versions.find(to)
    if version.number not in {move["to"] for move in versions.history()}:
        raise RegistryError(f"version {version.number} has never served; promote it instead")
    return _serve(versions, version, "rollback", why)


def _serve(versions: Versions, version: Version, action: str, why: str) -> Version:
    """Move the pointer, once the bundle has answered; the one line of news is the last."""
    name = f"{versions.name} version {version.number}"
    with versions.changing():
        served = versions.move()
        if served is not None and served["to"] == version.number:
            say(f"served    {name} already serves; nothing changed")
            return version
        open_bundle(versions.folder / version.bundle)  # which answers its golden rows
        versions.serve(version, action=action, why=why)
    before = f"version {served['to']}" if served else "none"
    say(f"served    {name} (before: {before})")
    return version


def show_history(versions: Versions) -> None:
    """Print every version, the newest one's gate, and every change of the served version."""
    rows, every, served = [], versions.all(), versions.served()
    for version in every:
        broken = ", ".join(rule.name for rule in version.broken)
        gate = f"refused: {broken}" if broken else "passed"
        serves = "yes" if version == served else None
        rows.append((version.number, version.bundle, version.created, gate, serves))
    table(f"{versions.name}: versions", ["version", "bundle", "made", "gate", "serves"], rows)
    for version in every[-1:]:
        show_verdict(version.verdict, f"version {version.number}, the newest: gate")
    keys = ["when", "who", "action", "from", "to", "verdict", "why"]
    moves = [[move.get(key) for key in keys] for move in versions.history()]
    table(f"{versions.name}: what has served", keys, moves)


def show_verdict(verdict: Sequence[Rule], title: str = "gate") -> None:
    """Print a gate's rules, and the reasons of those that refused the model."""
    rows = []
    for rule in verdict:
        cells = [text.replace("; ", "\n") for text in (rule.name, rule.measured, rule.limit)]
        rows.append([*cells, "yes" if rule.passed else "NO"])
    table(title, ["rule", "measured", "limit", "passed"], rows)
    for rule in verdict:
        if not rule.passed:
            say(f"refused   {rule.name}: {rule.reason}")
