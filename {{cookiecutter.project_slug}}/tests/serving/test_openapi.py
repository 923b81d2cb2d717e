"""The document and the server say the same: what it allows is answered, what it forbids refused."""

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from {{ cookiecutter.__package }}.contract import Contract

from . import evened
from .live import until
from .test_server import process
from .test_workers import counted

OTHERS = ("/model", "/health/live", "/health/ready", "/metrics")
EXAMPLES = 3_300
CASES = 10_000
LONGEST_S = 1_800  # on the busiest machine


def asked(url: str, *paths: str) -> "subprocess.Popen[str]":
    """Schemathesis with all its checks, which draws the same requests every time."""
    command = [
        *(sys.executable, "-m", "schemathesis.cli", "run", f"{url}/openapi.json"),
        *("--checks", "all", "--max-examples", str(EXAMPLES), "--generation-deterministic"),
        *("--continue-on-failure", "--no-color", "--output-truncate", "false"),
        *(word for path in paths for word in ("--include-path", path)),
    ]
    hooks = evened.__name__.rpartition(".")[2]
    places = os.pathsep.join([str(Path(evened.__file__).parent), os.environ.get("PYTHONPATH", "")])
    return subprocess.Popen(
        command,
        env={**os.environ, "PYTHONPATH": places, "SCHEMATHESIS_HOOKS": hooks},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.mark.slow
def test_ten_thousand_requests_drawn_from_the_document_find_no_difference_and_no_fault(
    tmp_path: Path, shop: Contract
) -> None:
    """Rows are few, so that more is drawn in the same time; how many there may be is tested elsewhere."""
    with process(tmp_path, shop, "--set", "serve.max_rows=3") as (_, url):
        until(lambda: counted(url, "model_version") == 1, "the model")
        documented = set(httpx.get(f"{url}/openapi.json").json()["paths"])
        parts = [("/predict",), ("/predict/columns",), ("/feedback",), OTHERS]
        assert documented == {path for part in parts for path in part}
        start = time.monotonic()
        running = [asked(url, *part) for part in parts]
        n_cases = 0
        for part, run in zip(parts, running, strict=True):
            told = run.communicate(timeout=LONGEST_S)[0]
            assert run.returncode == 0, f"{part}\n{told}"
            generated = re.search(r"([\d,]+) generated, \1 passed", told)
            assert generated, told
            n_cases += int(generated[1].replace(",", ""))
        print(f"{n_cases:,} cases in {time.monotonic() - start:.0f} s")
        assert n_cases >= CASES
        metrics = httpx.get(f"{url}/metrics").text
    assert re.search(r'requests_total\{[^}]*status="5', metrics) is None
