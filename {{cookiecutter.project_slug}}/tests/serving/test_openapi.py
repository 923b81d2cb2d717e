"""The document and the server agree: what it allows is answered, what it forbids is refused."""

import re
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from {{ cookiecutter.__package }}.contract import Contract

from .test_server import process

OTHERS = ("/model", "/health/live", "/health/ready", "/metrics")
EXAMPLES, LONGEST_S = 500, 1_800

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
        document = f"{url}/openapi.json"
        documented = {"/predict", "/feedback", *OTHERS}
        assert set(httpx.get(document).json()["paths"]) == documented
        assert requests_drawn(url, document, *paths) >= 10 * len(paths)
