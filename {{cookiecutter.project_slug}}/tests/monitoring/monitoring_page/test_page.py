import re
import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

from {{ cookiecutter.__package }}.config import Config
from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.monitoring.finding import Finding
from {{ cookiecutter.__package }}.monitoring.history import (
    read_windows,
    store_window,
)
from {{ cookiecutter.__package }}.monitoring.monitoring_page import (
    PAGE,
    write,
)
from {{ cookiecutter.__package }}.monitoring.monitoring_page.draw import (
    figure,
)

from .conftest import FELL
from .story import config_of, raise_alert, tell, week

HOSTILE = '<script>alert("x")</script>&'


class Read(HTMLParser):
    """A page's tags and its text."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.source = path.read_text()
        self.feed(self.source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    @property
    def words(self) -> str:
        return " ".join(self.text.split())


def drawn(config: Config) -> Read:
    """The page, drawn and read."""
    path = write(config, "shop")
    assert path == config.monitor.reports / "shop" / PAGE
    return Read(path)


def test_open_alerts_are_told_first_with_their_beginning_and_what_to_do(alerted: Config) -> None:
    page = drawn(alerted)
    assert "▲ Alert 1 alert is open, the oldest since 19 Feb 2024." in page.words
    assert page.words.index(FELL) < page.words.index("city lies far from training.")
    assert "1 resolved" in page.words
    assert "Resolved: it is within its reference range again" in page.words


def test_a_story_that_ended_is_calm(tmp_path: Path, shop: Contract) -> None:
    config = tell(tmp_path, shop)
    raise_alert(config, "shop", "price lies far from training.", resolved=True)
    page = drawn(config)
    assert "✓ Calm Everything that was judged is within its reference range." in page.words
    assert "None is open." in page.words


def test_a_breach_that_is_no_alert_yet_is_named_and_calm(tmp_path: Path, shop: Contract) -> None:
    page = drawn(tell(tmp_path, shop, weeks=9))
    assert (
        "✓ Calm Outside the reference range, but not for long enough to be an alert: price,"
        in page.words
    )


def test_windows_that_are_not_over_are_shown_and_not_judged(tmp_path: Path, shop: Contract) -> None:
    page = drawn(tell(tmp_path, shop, weeks=1))
    assert "– Not judged yet" in page.words
    assert "not over yet" in page.words


def test_nothing_judged_is_no_page_and_makes_no_file(tmp_path: Path) -> None:
    assert write(config_of(tmp_path), "shop") is None
    assert list(tmp_path.iterdir()) == []


def test_the_page_needs_nothing_from_outside_and_runs_nothing(alerted: Config) -> None:
    page = drawn(alerted)
    names = {tag for tag, _ in page.tags}
    assert names.isdisjoint({"script", "link", "img", "iframe", "object", "base"})
    addresses = [
        value or ""
        for _, found in page.tags
        for name, value in found.items()
        if name.rpartition(":")[2] in {"href", "src", "action"}
    ]
    assert [value for value in addresses if not value.startswith("#")] == []
    assert re.findall(r"url\(|@import|https?:", page.source) == []
    assert not [name for _, found in page.tags for name in found if name.startswith("on")]


def test_links_lead_to_places_in_the_page_and_headings_are_in_order(alerted: Config) -> None:
    page = drawn(alerted)
    ids = [found["id"] for _, found in page.tags if "id" in found]
    links = {(found["href"] or "")[1:] for tag, found in page.tags if tag == "a"}
    assert len(ids) == len(set(ids))
    assert links == set(ids)
    levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch("h[1-6]", tag)]
    assert levels.count(1) == 1
    assert all(later - level <= 1 for level, later in pairwise(levels))


def test_every_drawing_is_whole_named_and_has_a_sentence(alerted: Config) -> None:
    page = drawn(alerted)
    drawings = re.findall(r"<svg.*?</svg>", page.source, re.DOTALL)
    assert len(drawings) >= 5
    for drawing in drawings:
        root = ElementTree.fromstring(drawing)  # noqa: S314 - our own
        assert root.attrib["role"] == "img"
        assert root.attrib["aria-label"]
    captions = re.findall(r"<figcaption>(.*?)</figcaption>", page.source)
    assert len(captions) == len(drawings)
    assert all(caption.endswith(".") for caption in captions)
    assert re.findall(r"[\"MLHV ](nan|inf)", page.source) == []


def test_figures_of_the_page_are_those_of_the_history(alerted: Config) -> None:
    page = drawn(alerted)
    windows = read_windows(alerted.monitor.history, "shop")
    (found,) = (window.findings for window in windows if window.name == "2024-02-26")
    (auc,) = (f for f in found if f.subject == "auc" and not f.part)
    assert f"{figure(auc.value, '')} ({figure(auc.low or 0, '')} to" in page.words
    (price,) = (f for f in found if f.subject == "price")
    assert f"price, 26 Feb 2024: population stability index {figure(price.value, '')}" in page.words
    assert "100 times as large as in training" in page.words
    newest = windows[-2]
    assert f"{newest.labelled:,} of {newest.rows:,} rows" in page.words


def test_columns_that_moved_come_first_and_stand_out(alerted: Config) -> None:
    page = drawn(alerted)
    rows = re.findall(r'<tr><th scope="row">([^<]+)</th>(.*?)</tr>', page.source)
    strip = [(name, cells) for name, cells in rows if 'class="l-' in cells]
    assert {name for name, _ in strip[:2]} == {"price", "predictions"}
    assert [cells.count('class="l-beyond"') for _, cells in strip] == [2, 2, 0, 0, 0, 0]
    assert page.source.count('<figure class="beyond">') == 1
    assert "price (EUR)" in page.words


def test_what_served_and_its_versions_are_told(alerted: Config) -> None:
    page = drawn(alerted)
    assert "promote: version 2 after 1" in page.words
    assert "the second <i>one</i>" in page.words
    report = alerted.monitor.reports / "shop" / "version-2" / "report.html"
    report.parent.mkdir(parents=True)
    report.touch()
    assert '<a href="version-2/report.html">version 2</a>' in drawn(alerted).source
    report.unlink()
    report.parent.rmdir()


def test_what_the_data_hold_is_text_and_never_markup(tmp_path: Path, shop: Contract) -> None:
    config = tell(tmp_path, shop, weeks=10, value=HOSTILE)
    raise_alert(config, "shop", HOSTILE, resolved=False)
    page = drawn(config)
    assert "script" not in {tag for tag, _ in page.tags}
    assert "<script" not in page.source
    assert f"channel = {HOSTILE}" in page.text


def test_of_a_long_history_the_newest_year_is_shown(tmp_path: Path, shop: Contract) -> None:
    page = drawn(tell(tmp_path, shop, weeks=60))
    assert "52 windows of 7 days each, the newest of 60." in page.words
    assert "1 Jan 2024" not in page.words


def test_a_kind_that_is_new_is_drawn_by_its_name(tmp_path: Path, shop: Contract) -> None:
    config = tell(tmp_path, shop, weeks=2)
    found = [
        Finding(kind="parity", subject="rows", measure="differing_share", value=0.031, rows=9),
        Finding(kind="staleness", subject="model", measure="days", value=12.5, limit=90.0, rows=9),
    ]
    store_window(config.monitor.history, replace(week(shop, 0, 2), findings=tuple(found)))
    page = drawn(config)
    assert "Parity: differing share" in page.words
    assert "3.1 %" in page.words
    assert "Age: model, age" in page.words
    assert "12.5 days" in page.words


def test_a_kind_of_another_module_is_drawn_by_its_name(tmp_path: Path, shop: Contract) -> None:
    config = tell(tmp_path, shop, weeks=2)
    found = Finding(kind="row_volume", subject="rows", measure="rows", value=9.0, rows=9)
    store_window(config.monitor.history, replace(week(shop, 0, 2), findings=(found,)))
    assert "Row volume: rows" in drawn(config).words
