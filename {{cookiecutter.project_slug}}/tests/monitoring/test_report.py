import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.models.bundle import open_bundle
from {{ cookiecutter.__package }}.models.profile import SCORE
from {{ cookiecutter.__package }}.monitoring.report import write_report
from {{ cookiecutter.__package }}.monitoring.served import read_served
from {{ cookiecutter.__package }}.monitoring.windows import cut

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


def report(place: Place, folder: Path) -> str:
    bundles = place.config.train.bundles / place.contract.name
    (path,) = (p for p in bundles.iterdir() if (p / "model.onnx").exists())
    contract = open_bundle(path).contract
    windows = cut(read_served(place.config.monitor.log, contract, 1), contract, 7, 400)
    target = folder / "deep" / "report.html"
    columns = [*contract.numeric, *contract.category, SCORE]
    write_report(
        contract, path, windows[-2], target, n_rows=200, limits=dict.fromkeys(columns, 0.1)
    )
    return target.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory, any_shop: Contract) -> str:
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
