"""What there is to show of versions: what has served, what gates asked, and the card."""

from collections.abc import Mapping, Sequence
from typing import Any

from ...models.bundle import verify
from ...models.versions import Version, Versions, format_rule
from ...terminal import table


def show_history(versions: Versions) -> None:
    """Print every version and every change of the served one."""
    aliases = {v.number: alias for alias, v in versions.aliases().items() if v}
    table(
        f"{versions.name}: versions",
        ["version", "bundle", "made", "gate", ""],
        [
            (
                version.number,
                version.bundle,
                version.created,
                "passed" if version.passed else f"refused: {', '.join(version.broken_rules)}",
                aliases.get(version.number, ""),
            )
            for version in versions.all()
        ],
    )
    shown = ["when", "who", "action", "from", "to", "verdict", "why"]
    for version in versions.all()[-1:]:
        show_verdict(version.verdict, f"version {version.number}, the newest: what its gate asked")
    lines = versions.history()
    rows = [[line.get(key) for key in shown] for line in lines]
    table(f"{versions.name}: what has served", shown, rows)


def show_verdict(verdict: Sequence[Mapping[str, Any]], title: str = "gate") -> None:
    """Print what a gate asked; verdicts of older versions hold but rule, passed and reason."""
    shown = ("rule", "measured", "limit", "passed", "reason")
    table(title, [*shown[:-1], "why"], [[rule.get(key) for key in shown] for rule in verdict])


def card_of(versions: Versions, version: Version) -> str:
    """A version's card, with its gate's verdict and the reasons for which it served against that.

    Raises:
        BundleError: its bundle is absent or damaged.
    """
    card = verify(versions.folder / version.bundle)["card.md"].decode()
    verdict = [
        f"- {'held' if rule['passed'] else '**broken**'} · {format_rule(rule)}"
        for rule in version.verdict
    ]
    card = "\n\n".join([card.rstrip(), "## What the gate asked", "\n".join(verdict)]) + "\n"
    moves = [m for m in versions.history() if m["to"] == version.number]
    reasons = [
        f"- {move['when']}, {move['who']}: {' '.join(move['why'].split())}"
        for move in moves
        if move.get("verdict") == "overridden" and move["action"] == "promote"
    ]
    if not reasons:
        return card
    broken = [f"- {rule}" for rule in version.broken]
    said = ["## Served against its gate", "Rules that it broke:", "\n".join(broken)]
    return "\n\n".join([card.rstrip(), *said, "Promoted all the same:", "\n".join(reasons)]) + "\n"
