"""Takes the pictures of what-you-get.md, of a real project in a real browser.

Run: make pictures, after make demo, which has drawn the reports. It builds the pages first.
The Python is the project's, which has what drives a browser; TEST_BROWSER names the browser.
"""

from __future__ import annotations

import io
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from PIL import Image
from playwright.sync_api import Browser, sync_playwright

MOST_BYTES = 150_000
READY_S = 120


@dataclass(frozen=True)
class Shot:
    """A picture: what is opened, in how large a window, and what is done before."""

    name: str
    page: str
    width: int = 1280
    height: int = 860
    click: str = ""


@contextmanager
def server(project: Path) -> Iterator[str]:
    """Serve the project on a free port, with a log of its own; yield its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings = [f"serve.port={port}", "serve.log=data/pictures"]
    command = [sys.executable, "-m", package(project), "serve"]
    process = subprocess.Popen(
        [*command, *(word for each in settings for word in ("--set", each))], cwd=project
    )
    address = f"http://127.0.0.1:{port}/"
    try:
        wait(f"{address}health/ready")
        yield address
    finally:
        process.terminate()
        process.wait(timeout=30)


def wait(address: str) -> None:
    """Return as soon as an address answers."""
    end = time.monotonic() + READY_S
    while time.monotonic() < end:
        try:
            with urlopen(address, timeout=5):  # noqa: S310 - http, see above
                return
        except URLError:
            time.sleep(0.2)
    raise TimeoutError(f"{address} did not answer within {READY_S} s")


def package(project: Path) -> str:
    """Return the name of the project's package."""
    (found,) = (path.parent.name for path in (project / "src").glob("*/__main__.py"))
    return found


def take(browser: Browser, shot: Shot, folder: Path) -> None:
    """Open a page, and keep what its window shows as a small file."""
    context = browser.new_context(
        viewport={"width": shot.width, "height": shot.height}, color_scheme="light"
    )
    page = context.new_page()
    page.goto(shot.page)
    if shot.click:
        page.get_by_role("button", name=shot.click).click()
        page.mouse.wheel(0, -10_000)
    page.wait_for_timeout(1_500)  # figures that a page asks for, and drawings
    picture = Image.open(io.BytesIO(page.screenshot()))
    context.close()
    for quality in (90, 80, 70, 60, 50):
        content = io.BytesIO()
        picture.save(content, "WEBP", quality=quality, method=6)
        if content.tell() <= MOST_BYTES:
            break
    (folder / f"{shot.name}.webp").write_bytes(content.getvalue())
    print(f"{shot.name}.webp: {content.tell():,} bytes at quality {quality}")


def main() -> None:
    """Build, serve, and take each picture."""
    project, folder = (Path(each).resolve() for each in sys.argv[1:3])
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run(["make", "docs"], cwd=project, check=True)
    (monitoring,) = (project / "reports").glob("*/monitoring.html")
    (report,) = (project / "reports").glob("*/version-1/report.html")
    (settings,) = (project / "dist/docs/reference").glob("*/config/train/index.html")
    executable = os.environ.get("TEST_BROWSER") or shutil.which("chromium")
    with server(project) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox"])
        for shot in (
            Shot("service", address, height=1_000, click="Predict"),
            Shot("report", report.as_uri(), height=1_100),
            Shot("monitoring", monitoring.as_uri(), height=1_100),
            Shot("monitoring-phone", monitoring.as_uri(), width=390, height=844),
            Shot("docs", (project / "dist/docs/index.html").as_uri(), height=760),
            Shot("reference", settings.as_uri(), height=760),
        ):
            take(browser, shot, folder)
        browser.close()


if __name__ == "__main__":
    main()
