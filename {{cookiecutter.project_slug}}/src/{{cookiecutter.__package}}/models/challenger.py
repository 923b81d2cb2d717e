"""The challenger: a version that answers a share of the requests, or shadows them.

``<bundles>/<name>/challenge`` says which, and why a server aborted it. Running servers follow it.
"""

from ..config import CheckConfig, Fraction, Positive, Section
from ..errors import GateRefusedError, RegistryError
from ..storage import read_pointer, write_pointer
from .versions import Version, Versions

POINTER = "challenge"


class ChallengerConfig(Section):
    """``challenger.yaml``: a second version beside the served one."""

    late_ms: Positive = 1_000
    """Milliseconds after which its answer is late, and the served version answers instead."""
    check: CheckConfig = CheckConfig(severity="info")
    """How monitoring compares its quality with that of the served version."""


class Challenge(Section):
    """A version that challenges the one that serves."""

    version: int
    shadow: bool
    """Whether the version only predicts, and the served version answers."""
    share: Fraction
    moves: int
    """How often the served pointer had moved at the start; one more move ends the challenge."""
    aborted: str = ""
    """Why a server aborted it."""

    @property
    def text(self) -> str:
        """The challenge in one line."""
        if self.aborted:
            return f"the challenger, version {self.version}, was aborted: {self.aborted}"
        does = "shadows" if self.shadow else "answers"
        return f"version {self.version} {does} {100 * self.share:g}% of the requests"


def read_challenge(versions: Versions) -> Challenge | None:
    """The challenge to the version that serves; a damaged pointer raises ``RegistryError``."""
    pointer = versions.folder / POINTER
    try:
        text = read_pointer(pointer)
        challenge = None if text is None else Challenge.model_validate_json(text)
    except ValueError:
        raise RegistryError(f"'{pointer}' is damaged; delete it") from None
    return challenge if challenge and challenge.moves == len(versions.history()) else None


def start_challenge(versions: Versions, version: Version, share: float, *, shadow: bool) -> None:
    """Let a version challenge the one that serves, in place of any other.

    Raises:
        RegistryError: no other version serves.
        GateRefusedError: the version is to answer, and its gate refused it.
    """
    served, number, moves = versions.served(), version.number, len(versions.history())
    if served is None or served.number == number:
        raise RegistryError(f"version {number} has no other to challenge; promote another first")
    if not (version.passed or shadow):
        broken = "; ".join(map(str, version.broken))
        raise GateRefusedError(f"version {number} may only --shadow, its gate refused it: {broken}")
    challenge = Challenge(version=number, shadow=shadow, share=share, moves=moves)
    with versions.changing():
        write_pointer(versions.folder / POINTER, challenge.model_dump_json())


def end_challenge(versions: Versions, challenge: Challenge, aborted: str = "") -> None:
    """Stop a challenge, or abort it for a reason, unless it has ended or another was started."""
    ended = challenge.model_copy(update={"aborted": aborted})
    with versions.changing():
        if read_challenge(versions) == challenge:
            write_pointer(versions.folder / POINTER, ended.model_dump_json() if aborted else "")
