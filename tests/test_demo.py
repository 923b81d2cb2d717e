"""What a newcomer does first, from nothing: a fresh copy of the repository, then `make demo`."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from predictor import free_port
from rendering import SOURCE, TEMPLATE, run

ROUNDING = 0.0015  # figures have three digits, and another processor may round the last one
BLOCK = re.compile(r"^```text\n(.*? model +\d.*?)^```$", re.MULTILINE | re.DOTALL)
HEAD = re.compile(r"test AUC (\d\.\d+), linear (\d\.\d+)")
FRACTION = re.compile(r"\d+\.\d+")


def figures(text: str) -> tuple[str, list[float]]:
    """Return a line's words with a mark for each fraction, and the fractions."""
    words = " ".join(FRACTION.sub("~", text).split())
    return words, [float(number) for number in FRACTION.findall(text)]


def stale(page: str, output: str) -> list[str]:
    """Return the lines of a page's example that a run did not print, but for rounding."""
    (block,) = BLOCK.findall(page)
    printed = [figures(line) for line in output.splitlines()]
    return [line for line in block.splitlines() if line.strip("… ") and not shown(line, printed)]


def shown(line: str, printed: list[tuple[str, list[float]]]) -> bool:
    """Say whether a run printed the line."""
    words, numbers = figures(line)
    return any(
        words == other and all(abs(a - b) < ROUNDING for a, b in zip(numbers, found, strict=True))
        for other, found in printed
    )


def test_a_stale_figure_is_found() -> None:
    page = "```text\n            AUC\n  model    0.690 [0.658, 0.719]\n…\nserved    1\n```\n"
    output = "AUC\nmodel 0.691 [0.658,  0.719]\nserved    1\n"

    assert stale(page, output) == []
    assert stale(page, output.replace("0.691", "0.694")) == ["  model    0.690 [0.658, 0.719]"]
    assert stale(page, output.replace("served", "kept")) == ["served    1"]


@pytest.mark.slow
def test_make_demo_works_in_a_fresh_copy_and_prints_what_the_pages_show(tmp_path: Path) -> None:
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
    for folder in (TEMPLATE, project):
        assert stale((folder / "README.md").read_text("utf-8"), ran.output) == [], str(ran)
    said = HEAD.search((SOURCE / "configs" / "train.yaml").read_text("utf-8"))
    assert said is not None
    for name, value in zip(("model", "linear"), said.groups(), strict=True):
        assert re.search(rf"^ *{name} +{value} \[", ran.output, re.MULTILINE), str(ran)
