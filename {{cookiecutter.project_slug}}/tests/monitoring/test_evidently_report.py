import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.models.profile import SCORE
from {{ cookiecutter.__package }}.monitoring import evidently_report, job

from .conftest import Place, make_place, weeks_of, write_log

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


@pytest.fixture
def place(tmp_path: Path, any_shop: Contract, monkeypatch: pytest.MonkeyPatch) -> Place:
    monkeypatch.setattr(job, "SINKS", ["monitoring.evidently_report"])
    place = make_place(tmp_path, any_shop)
    write_log(place, weeks_of(any_shop, dearer_from=2))
    return place


def test_evidently_draws_the_same_rows_and_the_page_says_how_its_rule_differs(
    place: Place,
) -> None:
    pytest.importorskip("evidently")
    job.run(place.config, "shop")
    page = (place.folder / "reports" / "shop" / "drift-2024-01-22.html").read_text()
    for name in (*place.contract.numeric, *place.contract.category, SCORE):
        assert name in page
    note = page.partition("</p>")[0]
    assert "Alerts follow another rule" in note
    assert "compares all rows of the window 2024-01-22" in note
    assert "found outside the reference range: price" in note
    parser = Loaded()
    parser.feed(page)
    assert parser.addresses == []
    assert re.search(r"@import\s+(url\()?[\"']?https?:", page) is None


def test_without_evidently_the_report_is_left_out_and_that_is_said(
    place: Place, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(evidently_report, "find_spec", lambda _: None)
    job.run(place.config, "shop")
    assert "pip install '.[evidently]'" in capsys.readouterr().out
    assert not list(place.folder.rglob("drift-*.html"))
