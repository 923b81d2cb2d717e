"""The document and the server agree: what it allows is answered, what it forbids is refused."""

import json
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from {{ cookiecutter.__package }}.contract import Contract

from .callers import Raw, port_of, request
from .live import until
from .test_server import counted, process

OTHERS = ("/model", "/health/live", "/health/ready", "/metrics")
EXAMPLES, LONGEST_S = 500, 1_800
REQUESTS, GROWTH_MB = 20_000, 20

pytestmark = pytest.mark.slow


def requests_drawn(url: str, document: str, *paths: str) -> int:
    """How many requests schemathesis drew from a document, and found no fault in any answer."""
    command = [
        *(sys.executable, "-m", "schemathesis.cli", "run", document, "--url", url),
        *("--checks", "all", "--max-examples", str(EXAMPLES), "--generation-deterministic"),
        *("--continue-on-failure", "--no-color", "--output-truncate", "false"),
        *(word for path in paths for word in ("--include-path", path)),
    ]
    run = subprocess.run(command, capture_output=True, text=True, timeout=LONGEST_S)
    assert run.returncode == 0, run.stdout + run.stderr
    drawn = re.search(r"([\d,]+) generated, \1 passed", run.stdout)
    assert drawn, run.stdout
    assert re.search(r'requests_total\{[^}]*status="5', httpx.get(f"{url}/metrics").text) is None
    return int(drawn[1].replace(",", ""))


@pytest.mark.parametrize("paths", [("/predict",), ("/feedback",), OTHERS])
def test_requests_drawn_from_the_document_find_no_difference_and_no_fault(
    tmp_path: Path, shop: Contract, paths: tuple[str, ...]
) -> None:
    """Requests have few rows, so that more are drawn in the same time."""
    with process(tmp_path, shop, "--set", "serve.max_rows=3") as (_, url):
        until(lambda: counted(url, "model_version") == 1, "the model")
        document = f"{url}/openapi.json"
        documented = {"/predict", "/feedback", *OTHERS}
        assert set(httpx.get(document).json()["paths"]) == documented
        assert requests_drawn(url, document, *paths) >= 10 * len(paths)


def resident_mb(pid: int) -> float:
    """What a process holds of the machine's memory."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs /proc")
def test_memory_does_not_grow_with_what_was_answered(
    tmp_path: Path, shop: Contract, row: dict[str, Any]
) -> None:
    with process(tmp_path, shop) as (server, url):
        until(lambda: counted(url, "workers") == 1, "the server")
        raws = [request(json.dumps({"rows": [row] * 2**n}).encode()) for n in range(7)]

        def ask(n_requests: int) -> None:
            with Raw(port_of(url)) as caller:
                for number in range(n_requests):
                    assert caller.ask(raws[number % len(raws)])[0] == 200

        def memory_after(n_requests: int) -> float:
            with ThreadPoolExecutor(4) as callers:
                list(callers.map(ask, [n_requests // 4] * 4))
            return resident_mb(server.pid)

        warm = memory_after(REQUESTS // 5)
        grown = memory_after(REQUESTS) - warm
        assert counted(url, "requests_total") >= REQUESTS
    assert grown < GROWTH_MB, f"{grown:.0f} MB more than {warm:.0f} after {REQUESTS:,} requests"
