"""Another protocol beside the project's own, and what the server has to know of it."""

from collections.abc import Callable
from dataclasses import dataclass

from fastapi import APIRouter

from .endpoints import Endpoints
from .http.problems import ProblemError
from .readiness import Readiness


@dataclass(frozen=True, kw_only=True)
class Router:
    """A protocol's paths."""

    prefix: str
    """How each of them begins."""
    open_paths: frozenset[str]
    """Health checks, which need no key."""
    predict_paths: frozenset[str]
    """Those that answer predictions, and are counted as such."""
    error_body: Callable[[ProblemError], bytes]
    """A refusal in the protocol's own shape."""
    make: Callable[[Endpoints, Readiness], APIRouter]
    """The paths with their handlers."""
