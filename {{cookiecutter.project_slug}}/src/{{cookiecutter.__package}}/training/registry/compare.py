"""Two versions side by side: what they were made of, and how well they fare."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from ...errors import BundleError
from ...models.metrics import METRICS
from ...models.versions import Version, Versions
from ...terminal import say, table
from ..tracking import flat

Metadata = Mapping[str, Any]


def show_comparison(versions: Versions, one: Version, other: Version) -> None:
    """Print what differs between two versions, then their metrics.

    Raises:
        BundleError: a bundle is absent.
    """
    both = [metadata_of(versions, version) for version in (one, other)]
    header = ["", *(f"version {version.number}" for version in (one, other))]
    table(f"{versions.name}: what differs", header, list(_differences((one, other), both)))
    table("on the test rows", header, list(_metrics(both)))
    table("what the gates asked", header, list(_verdicts(one, other)))
    if both[0]["dataset"] != both[1]["dataset"]:
        say("note      their datasets differ, so these are figures of different test rows")


def metadata_of(versions: Versions, version: Version) -> Metadata:
    """What a version's bundle says of itself.

    Raises:
        BundleError: the bundle is absent.
    """
    path = versions.folder / version.bundle / "metadata.json"
    try:
        content: Metadata = json.loads(path.read_bytes())
    except (OSError, ValueError):
        raise BundleError(
            f"version {version.number}: '{path}' is absent or damaged; restore it from a copy"
        ) from None
    return content


def commit_of(metadata: Metadata) -> str:
    """The commit that a version was made by."""
    git = metadata.get("git") or {}
    if not git.get("commit"):
        return "none"
    return f"{git['commit'][:12]}{' with uncommitted changes' if git['dirty'] else ''}"


def _differences(
    versions: tuple[Version, Version], both: list[Metadata]
) -> Iterator[tuple[str, str, str]]:
    facts = [
        {
            "bundle": version.bundle,
            "made": version.created,
            "gate": "passed" if version.passed else "refused",
            "dataset": metadata["dataset"],
            "contract": metadata["contract"][:12],
            "commit": commit_of(metadata),
            **dict(flat("", {key: metadata.get(key) or {} for key in ("settings", "libraries")})),
        }
        for version, metadata in zip(versions, both, strict=True)
    ]
    for key in {**facts[0], **facts[1]}:
        one, other = (fact.get(key, "–") for fact in facts)
        if one != other:
            yield key, one, other


def _verdicts(*versions: Version) -> Iterator[tuple[str, str, str]]:
    """What each gate measured, rule by rule."""
    one, other = ({rule["rule"]: rule for rule in version.verdict} for version in versions)
    for name in {**one, **other}:
        yield name, _asked(one.get(name)), _asked(other.get(name))


def _asked(rule: Mapping[str, Any] | None) -> str:
    if rule is None:
        return "not asked"
    return f"{'held' if rule['passed'] else 'broken'}: {rule.get('measured', rule['reason'])}"


def _metrics(both: list[Metadata]) -> Iterator[tuple[str, str, str]]:
    models = [(metadata.get("metrics") or {}).get("model", {}) for metadata in both]
    for name in {**models[0], **models[1]}:
        title = METRICS[name].title if name in METRICS else name
        yield title, _shown(models[0].get(name)), _shown(models[1].get(name))


def _shown(interval: Mapping[str, float | None] | None) -> str:
    figures = [(interval or {}).get(key) for key in ("value", "low", "high")]
    value, low, high = ("–" if figure is None else f"{figure:.4f}" for figure in figures)
    return f"{value} [{low}, {high}]"
