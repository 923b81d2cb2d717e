import re
import xml.etree.ElementTree as ElementTree
from html.parser import HTMLParser
from pathlib import Path

from {{ cookiecutter.__package }}.config import Config
from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.monitoring.history import read_windows
from {{ cookiecutter.__package }}.monitoring.monitoring_page import (
    PAGE,
    write,
)

from .conftest import FELL, config_of, raise_alert, tell

HOSTILE = '<script>alert("x")</script>&'


class Page(HTMLParser):
    """The page, drawn and read: its source, its text and its tags."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        path = write(config, "shop")
        assert path == config.monitor.reports / "shop" / PAGE
        self.source, self.text = path.read_text(), ""
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(self.source)
        self.words = " ".join(self.text.split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def test_open_alerts_come_first_with_their_beginning(alerted: Config) -> None:
    page = Page(alerted)
    assert "▲ Alert 1 alert is open, the oldest since 19 Feb 2024." in page.words
    assert page.words.index(FELL) < page.words.index("city lies far from training.")
    assert "1 resolved" in page.words
    assert "Resolved: it is within its reference range again" in page.words


def test_nothing_judged_is_no_page_and_makes_no_file(tmp_path: Path) -> None:
    assert write(config_of(tmp_path), "shop") is None
    assert list(tmp_path.iterdir()) == []


def test_the_page_asks_nobody_and_runs_nothing_and_what_the_data_hold_is_text(
    tmp_path: Path, shop: Contract
) -> None:
    config = tell(tmp_path, shop, weeks=10, value=HOSTILE)
    raise_alert(config, "shop", HOSTILE, resolved=False)
    page = Page(config)
    assert page.text.count(HOSTILE) > 2
    assert {"script", "link", "img", "iframe", "object", "base"}.isdisjoint(
        tag for tag, _ in page.tags
    )
    attributes = [item for _, each in page.tags for item in each.items()]
    links = {value for name, value in attributes if name.endswith(("href", "src", "action"))}
    assert links == {f"#{attribute}" for name, attribute in attributes if name == "id"}
    assert re.findall(r"url\(|@import|https?:", page.source) == []
    assert not [name for name, _ in attributes if name.startswith("on")]


def test_of_a_long_history_the_newest_year_is_shown(tmp_path: Path, shop: Contract) -> None:
    page = Page(tell(tmp_path, shop, weeks=60))
    assert "52 windows of 7 days each, the newest of 60." in page.words
    assert "1 Jan 2024" not in page.words


def test_what_is_calm_unjudged_or_only_briefly_outside_is_said(
    tmp_path: Path, shop: Contract
) -> None:
    calm = tell(tmp_path / "calm", shop)
    raise_alert(calm, "shop", "price lies far from training.", resolved=True)
    assert "✓ Calm Everything that was judged is within its reference range." in Page(calm).words
    assert "None is open." in Page(calm).words
    brief = Page(tell(tmp_path / "brief", shop, weeks=9)).words
    assert "✓ Calm Outside the reference range, but not for long enough to be an alert" in brief
    assert "– Not judged yet" in Page(tell(tmp_path / "first", shop, weeks=1)).words


def test_every_plot_is_valid_and_named_and_has_a_sentence(alerted: Config) -> None:
    page = Page(alerted)
    plots = re.findall(r"<svg.*?</svg>", page.source, re.DOTALL)
    assert len(plots) >= 3
    for plot in plots:
        root = ElementTree.fromstring(plot)  # noqa: S314 - our own
        assert root.attrib["role"] == "img"
        assert root.attrib["aria-label"]
    captions = re.findall(r"<figcaption>(.*?)</figcaption>", page.source)
    assert len(captions) == len(plots)
    assert all(captions)
    assert re.findall(r"[\"MLHV ](nan|inf)", page.source) == []


def test_figures_of_the_page_are_those_of_the_history(alerted: Config) -> None:
    page = Page(alerted)
    windows = read_windows(alerted.monitor.history, "shop")
    (findings,) = (window.findings for window in windows if window.name == "2024-02-26")
    auc = next(f for f in findings if f.key == ("quality", "auc"))
    price = next(f for f in findings if f.subject == "price")
    assert f"{auc.interval}, window of 26 Feb 2024" in page.words
    cell = f"26 Feb 2024: change {price.interval}, limit 0.12 σ: outside"
    assert cell in page.source
    assert "100 times as large as in training" in page.source
    assert f"{windows[-2].labelled:,} of {windows[-2].rows:,} rows" in page.words
    cells = r'<tr><th scope="row">([^<]+)</th><td class="\w+" title(.*?)</tr>'
    rows = re.findall(cells, page.source)
    assert {name for name, _ in rows[:2]} == {"price", "predictions"}, "what is outside is first"
    assert [row.count('class="outside"') for _, row in rows] == [2, 2, 0, 0, 0, 0]
    assert "promote: version 2 after 1" in page.words
    assert "the second <i>one</i>" in page.words
