import os
import re
import socket
import subprocess
import sys
from contextlib import suppress
from html.parser import HTMLParser
from pathlib import Path

import httpx
import pytest

from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.models.bundle import Bundle, open_bundle
from {{ cookiecutter.__package }}.models.profile import SCORE
from {{ cookiecutter.__package }}.monitoring import evidently_report
from {{ cookiecutter.__package }}.monitoring.evidently_report import (
    WORKSPACE,
    write_report,
)
from {{ cookiecutter.__package }}.monitoring.windows import Length

from ..serving.live import until
from .conftest import Place, make_place, weeks_of, write_log
from .reading import windows_in

LOADING = {"script": "src", "link": "href", "img": "src", "iframe": "src", "object": "data"}


class Loaded(HTMLParser):
    """Collects what a page asks a browser to fetch."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        address = dict(attrs).get(LOADING.get(tag, ""))
        if address and not address.startswith("data:"):
            self.addresses.append(address)


def served_bundle(place: Place) -> Bundle:
    bundles = place.config.train.bundles / place.contract.name
    (path,) = (p for p in bundles.iterdir() if (p / "model.onnx").exists())
    return open_bundle(path)


def report(place: Place, folder: Path, chosen: int = -2) -> str:
    bundle = served_bundle(place)
    contract = bundle.contract
    length = Length(days=7, rows=400, by_rows=contract.time is None)
    windows = windows_in(place.config.monitor.log, contract, 1, length)
    target = folder / "deep" / "report.html"
    columns = [*contract.numeric, *contract.category, SCORE]
    write_report(
        bundle,
        windows[chosen],
        target,
        n_rows=200,
        limits=dict.fromkeys(columns, 0.1),
        version=1,
        workspace=folder / WORKSPACE,
    )
    return target.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory, any_shop: Contract) -> str:
    pytest.importorskip("evidently")
    place = make_place(tmp_path_factory.mktemp("report"), any_shop)
    write_log(place, weeks_of(place.contract, dearer_from=2))
    return report(place, place.folder)


def test_the_page_draws_itself_without_another_host(page: str) -> None:
    parser = Loaded()
    parser.feed(page)
    assert parser.addresses == []
    assert re.search(r"@import\s+(url\()?[\"']?https?:", page) is None


def test_the_page_shows_each_column_that_was_logged(page: str, any_shop: Contract) -> None:
    for name in (*any_shop.numeric, *any_shop.category, SCORE):
        assert name in page


def test_without_evidently_the_report_is_left_out_and_that_is_said(
    tmp_path: Path,
    shop: Contract,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(evidently_report, "find_spec", lambda _: None)
    place = make_place(tmp_path, shop)
    bundle = served_bundle(place)
    length = Length(days=7, rows=400, by_rows=False)
    write_log(place, weeks_of(shop))
    window = windows_in(place.config.monitor.log, shop, 1, length)[0]
    evidently_report.draw(bundle, window, tmp_path / "reports", 1, place.config.monitor, [])
    assert "pip install '.[evidently]'" in capsys.readouterr().out
    assert not (tmp_path / "reports").exists()


@pytest.mark.slow
def test_evidently_shows_the_history_with_each_window_once(tmp_path: Path, shop: Contract) -> None:
    pytest.importorskip("evidently")
    place = make_place(tmp_path, shop)
    write_log(place, weeks_of(place.contract, dearer_from=2))
    for chosen in (-3, -2, -2):
        report(place, tmp_path, chosen)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [
        sys.executable,
        "-m",
        "evidently.cli",
        "ui",
        "--workspace",
        str(tmp_path / WORKSPACE),
    ]
    environment = os.environ | {"DO_NOT_TRACK": "1"}
    server = subprocess.Popen([*command, "--port", str(port)], env=environment)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}/api", timeout=60) as client:

            def answers() -> bool:
                with suppress(httpx.TransportError):
                    return client.get("/projects").is_success
                return False

            until(answers, "evidently's server", within_s=240)
            (project,) = client.get("/projects").json()
            assert project["name"] == "shop"
            shown = client.get(f"/projects/{project['id']}/reports").json()
            weeks = ["2024-01-15", "2024-01-22"]
            assert sorted(run["metadata"]["window"] for run in shown) == weeks
            assert sorted(run["timestamp"][:10] for run in shown) == weeks
    finally:
        server.terminate()
        server.wait(30)
