"""LitServe: one worker behind one API server. Run: python -m servers.litserve_api PORT."""

import sys
from typing import Any

import litserve
from fastapi import Request
from servers.given import given


class Predict(litserve.LitAPI):
    """LitServe's own JSON in and out; it validates nothing."""

    def setup(self, _device: str) -> None:
        """Called in the worker's process."""
        self.given = given()

    def decode_request(self, request: Request) -> Any:
        """The row."""
        return request["rows"][0]

    def predict(self, row: Any) -> Any:
        """One run of the graph."""
        return self.given.answer(row)


if __name__ == "__main__":
    litserve.LitServer(Predict(), accelerator="cpu", workers_per_device=1).run(
        port=int(sys.argv[1]),
        host="127.0.0.1",
        log_level="warning",
        access_log=False,
        generate_client_file=False,
    )
