"""The server's messages can be read by people and by machines, and tell of which request they are."""

import io
import json
import logging
import re
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx

from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.serving.messages import JsonLines

from .test_server import process

ASKED = {"X-Request-ID": "mine-1"}


def said(
    folder: Path, contract: Contract, row: dict[str, Any], *options: str
) -> tuple[list[str], int]:
    """What a server wrote while it answered one request rightly and refused another."""
    with process(folder, contract, *options) as (server, url):
        httpx.post(f"{url}/predict", json={"rows": [row]}, headers=ASKED)
        httpx.post(f"{url}/predict", json={"rows": []})
        server.terminate()
        assert server.stderr is not None
        return server.stderr.read().splitlines(), server.wait()


def test_messages_are_objects_of_a_line_where_that_is_wanted(
    tmp_path: Path, shop: Contract, row: dict[str, Any]
) -> None:
    options = ("--set", "serve.messages=json", "--set", "serve.access_log=true")
    lines, code = said(tmp_path, shop, row, *options)
    assert code == 0
    first, second = (json.loads(line) for line in lines)
    assert first["request_id"] == "mine-1"
    assert (first["route"], first["status"], first["level"]) == ("/predict", 200, "info")
    assert first["duration_ms"] > 0
    assert first["message"].startswith("mine-1 /predict 200 in ")
    assert datetime.fromisoformat(first["time"]).tzinfo is not None
    assert second["status"] == 422
    assert second["request_id"] != "mine-1"


def test_people_read_lines_and_of_requests_none_unless_they_want_to(
    tmp_path: Path, shop: Contract, row: dict[str, Any]
) -> None:
    assert said(tmp_path / "quiet", shop, row) == ([], 0)
    lines, _ = said(tmp_path / "told", shop, row, "--set", "serve.access_log=true")
    assert re.fullmatch(r"INFO: +mine-1 /predict 200 in [0-9.]+ ms", lines[0])


def test_an_exception_is_part_of_its_message() -> None:
    handler = logging.StreamHandler(written := io.StringIO())
    handler.setFormatter(JsonLines())
    logger = logging.Logger("a logger of its own")
    logger.addHandler(handler)
    try:
        raise ValueError("two\nlines")
    except ValueError:
        logger.exception("request %s failed", "mine-2", extra={"request_id": "mine-2"})
    (line,) = written.getvalue().splitlines()
    told = json.loads(line)
    assert (told["level"], told["request_id"]) == ("error", "mine-2")
    assert told["message"] == "request mine-2 failed"
    assert "ValueError: two\nlines" in told["exception"]
