"""An answer's head and body leave in one piece, and nothing is kept back."""

import asyncio
from typing import Any

from {{ cookiecutter.__package }}.serving.http.connection import Gathering


class Socket:
    """What reached the transport, in order."""

    def __init__(self) -> None:
        self.done: list[bytes | str] = []
        self.limit = 7

    def write(self, data: bytes) -> None:
        self.done.append(data)

    def close(self) -> None:
        self.done.append("closed")


def after_a_turn(*writes: bytes, close: bool = False) -> tuple[list[Any], list[Any]]:
    """What had left by the end of the turn that wrote, and by the end of the next."""
    socket: Any = Socket()

    async def turn() -> tuple[list[Any], list[Any]]:
        gathering = Gathering(socket, asyncio.get_running_loop())
        for data in writes:
            gathering.write(data)
        if close:
            gathering.close()
        at_once = list(socket.done)
        await asyncio.sleep(0)
        assert gathering.limit == socket.limit
        return at_once, socket.done

    return asyncio.run(turn())


def test_a_head_waits_for_its_body() -> None:
    assert after_a_turn(b"head ", b"body") == ([b"head body"], [b"head body"])


def test_what_comes_alone_leaves_when_the_turn_ends() -> None:
    assert after_a_turn(b"100 Continue") == ([], [b"100 Continue"])
    assert after_a_turn(b"head ", b"body", b"more") == ([b"head body"], [b"head body", b"more"])


def test_what_was_kept_leaves_before_the_connection_closes() -> None:
    assert after_a_turn(b"head", close=True) == ([b"head", "closed"], [b"head", "closed"])
    assert after_a_turn(close=True) == (["closed"], ["closed"])
