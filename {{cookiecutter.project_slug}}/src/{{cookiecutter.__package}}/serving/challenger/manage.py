"""Starting, stopping and showing challenges; running servers follow within ``serve.reload_s``."""

from ...contract import Contract
from ...errors import BundleError
from ...models.bundle import verify
from ...models.challenger import Challenge, Challenges, Route
from ...models.versions import Version, Versions
from ...terminal import say, table
from ..store import accepts_requests_of

SHARES: dict[Route, float] = {"challenger": 0.1, "shadow": 1.0}
"""Of the requests, where none is said."""


def start(
    versions: Versions,
    what: str,
    route: Route,
    share: float | None = None,
    why: str = "",
) -> Challenge:
    """Let a version challenge the one that serves, in place of any other.

    ``what`` is a number or an alias.

    Raises:
        RegistryError: there is no such version, nothing serves, or it does.
        GateRefusedError: a version that its gate refused is to answer.
        BundleError: its bundle is absent or damaged, or cannot answer the champion's requests.
    """
    version, served = versions.find(what), versions.served()
    contract = _contract(versions, version)
    if served is not None and not accepts_requests_of(contract, _contract(versions, served)):
        raise BundleError(
            f"version {version.number} cannot answer the requests of version {served.number}: its"
            " contract takes other columns"
        )
    share = SHARES[route] if share is None else share
    started = Challenges(versions).start(version, route, share, why)
    say(f"started   {versions.name} version {version.number} {started.description}")
    return started


def stop(versions: Versions, why: str = "") -> None:
    """End the challenge that runs, if one does."""
    ended = Challenges(versions).finish(why)
    if ended is None:
        say(f"stopped   no version of {versions.name} challenges; nothing changed")
    else:
        say(f"stopped   the challenge by {versions.name} version {ended.version}")


def show_challenges(versions: Versions) -> None:
    """Print every challenge and how it ended, if there was one."""
    challenges = Challenges(versions)
    lines, running = challenges.history(), challenges.running()
    if lines:
        shown = ["when", "who", "action", "version", "route", "share", "against", "why"]
        rows = [[line.get(key) for key in shown] for line in lines]
        table(f"{versions.name}: what has challenged", shown, rows)
    if running is None:
        say(f"challenger none; start one with: challenge VERSION --share {SHARES['challenger']}")
    else:
        say(f"challenger version {running.version} {running.description} since {running.when}")


def _contract(versions: Versions, version: Version) -> Contract:
    files = verify(versions.folder / version.bundle)
    return Contract.model_validate_json(files["contract.json"])
