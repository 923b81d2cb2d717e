"""Files of pages, with headers that keep a browser from loading or running anything else."""

import os
from collections.abc import Mapping
from pathlib import Path

from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

NOTHING_ELSE = {
    **dict.fromkeys(("default-src", "base-uri", "form-action", "frame-ancestors"), "'none'"),
    **dict.fromkeys(("connect-src", "img-src", "script-src", "style-src"), "'self'"),
}
"""A Content-Security-Policy: this server's own files alone, and no script inside a page."""


class Files(StaticFiles):
    """A folder's files; browsers ask each time whether they are still the same."""

    def __init__(self, folder: Path, policy: Mapping[str, str] = NOTHING_ELSE) -> None:
        super().__init__(directory=folder)
        self._headers = {
            "cache-control": "no-cache",
            "content-security-policy": "; ".join(f"{of} {which}" for of, which in policy.items()),
            "referrer-policy": "no-referrer",
            "x-content-type-options": "nosniff",
        }

    def file_response(
        self,
        full_path: str | os.PathLike[str],
        stat_result: os.stat_result,
        scope: Scope,
        status_code: int = 200,
    ) -> Response:
        """A file, or that it is still the same, with our headers."""
        response = super().file_response(full_path, stat_result, scope, status_code)
        response.headers.update(self._headers)
        return response
