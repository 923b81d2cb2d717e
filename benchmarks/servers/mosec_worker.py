"""mosec: one worker behind its front. Run: python -m servers.mosec_worker --port PORT."""

from typing import Any

from mosec import Server, Worker
from servers.given import given


class Predict(Worker):
    """mosec's own JSON in and out; it validates nothing."""

    def __init__(self) -> None:
        """Called in the worker's process."""
        super().__init__()
        self._given = given()

    def forward(self, data: Any) -> Any:
        """One row."""
        return self._given.answer(data["rows"][0])


if __name__ == "__main__":
    server = Server()
    server.append_worker(Predict, num=1, route="/predict")
    server.run()
