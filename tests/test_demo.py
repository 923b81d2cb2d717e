"""What a newcomer does first, from nothing: a fresh copy of the repository, then `make demo`."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from predictor import free_port
from rendering import TEMPLATE, run


@pytest.mark.slow
def test_make_demo_works_in_a_fresh_copy_of_the_repository(tmp_path: Path) -> None:
    copy = tmp_path / "clone"
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=TEMPLATE, check=True, capture_output=True, text=True)
    for name in filter(None, listed.stdout.split("\0")):
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(TEMPLATE / name, copy / name)

    options = f"ARGS=--set serve.port={free_port()}"  # 8000 may be taken on this machine
    ran = run("make", "demo", options, cwd=copy, timeout_s=1800)

    project = copy / "build" / "flight-delay"
    assert list((project / "bundles").rglob("model.onnx")), str(ran)
    assert list((project / "reports").rglob("*.html")), str(ran)
