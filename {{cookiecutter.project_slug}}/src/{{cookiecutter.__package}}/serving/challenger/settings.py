"""Settings of ``challenger.yaml``, each with its meaning, unit and default."""

from typing import Annotated, Any

from pydantic import Field

from ...config import Fraction, Positive, Section


class AbortConfig(Section):
    """When a challenger is ended by the server. Each rule compares it with the champion on the same
    requests, over all workers together."""

    window: Positive = 1_000
    """Newest requests, answered by both, that are looked at."""
    min_requests: Positive = 100
    """Requests below which nothing is judged."""
    max_error_rate: Fraction = 0.01
    """Share of the requests in which it may fail more often than the champion does."""
    max_latency_ratio: Annotated[float, Field(ge=1)] = 3.0
    """How many times the champion's processor time it may take; below 1 ms of it does not matter."""
    max_divergence: Annotated[float, Field(gt=0)] = 0.5
    """Stability index (PSI) of its scores against the champion's, beyond what chance explains."""
    late_s: Annotated[float, Field(gt=0)] = 1.0
    """Seconds that a caller waits for it before the champion answers in its place. Ten times that
    without an end, and it is aborted."""


class ChallengerConfig(Section):
    """``challenger.yaml``: a version beside the one that serves."""

    abort: AbortConfig = AbortConfig()
    """When a challenger is ended by the server."""
    check: dict[str, Any] = Field(default={})
    """How monitoring compares its answers, which reads these settings itself."""
