import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.models.profile import SCORE
from {{ cookiecutter.__package }}.monitoring import evidently_report, job

from .conftest import make_place, weeks_of, write_log

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


def test_evidently_draws_the_same_rows_and_the_page_says_how_its_rule_differs(
    tmp_path: Path,
    any_shop: Contract,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(job, "SINKS", ["monitoring.evidently_report"])
    place = make_place(tmp_path, any_shop)
    write_log(place, weeks_of(any_shop, dearer_from=2))
    with monkeypatch.context() as patch:
        patch.setattr(evidently_report, "find_spec", lambda _: None)
        job.run(place.config, "shop")
    assert "pip install '.[evidently]'" in capsys.readouterr().out
    pytest.importorskip("evidently")
    job.run(place.config, "shop")
    (path,) = place.folder.rglob("drift-*.html")
    page = path.read_text()
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
