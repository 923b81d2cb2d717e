import json
import xml.etree.ElementTree as ElementTree
from html.parser import HTMLParser
from pathlib import Path

import pytest

from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.models.bundle import write_bundle
from {{ cookiecutter.__package }}.models.versions import Rule, Versions
from {{ cookiecutter.__package }}.pages import figures
from {{ cookiecutter.__package }}.training.report.figures import of_outputs
from {{ cookiecutter.__package }}.training.report.page import PAGE, write

from ...conftest import Workspace, shop_of
from .records import record_of, reported_files

HOSTILE = '<script>alert("x")</script>&$\\frac{\x07'
PLOTS = {
    "binary": {"roc"},
    "multiclass": set(),
    "regression": {"errors"},
}
ALWAYS = {"calibration", "importance"}


class Page(HTMLParser):
    """What a browser would make of a page."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(path.read_text())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def draw(folder: Path, contract: Contract, value: str = "web") -> Path:
    """Register a model with a record and draw its report; return the report's folder."""
    versions = Versions(folder / "bundles", contract.name)
    record = record_of(
        contract,
        value=value,
        measure=of_outputs,
    )
    bundle = write_bundle(versions.folder, reported_files(contract, record))
    version = versions.register(bundle.name, [Rule("parity", True, "fine <i>")])
    return write(versions, version, folder / "reports")


@pytest.fixture(scope="module")
def report(any_shop: Contract, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of a model of each task; for reading only."""
    return draw(tmp_path_factory.mktemp("report"), any_shop)


def test_a_task_has_its_plots_as_files_and_in_the_page(any_shop: Contract, report: Path) -> None:
    expected = PLOTS[any_shop.task] | ALWAYS
    assert report.name == "version-1"
    assert {path.stem for path in report.glob("*.svg")} == expected
    drawn = [found for tag, found in Page(report / PAGE).tags if tag == "svg"]
    assert len(drawn) == len(expected)
    assert all(found["role"] == "img" and found["aria-label"] for found in drawn)
    for path in report.glob("*.svg"):
        assert ElementTree.parse(path).getroot().tag.endswith("svg")  # noqa: S314 - our own


def test_the_page_needs_nothing_from_outside_and_runs_nothing(report: Path) -> None:
    page = Page(report / PAGE)
    names = {tag for tag, _ in page.tags}
    assert names.isdisjoint({"script", "link", "img", "iframe", "object", "base"})
    addresses = [
        value
        for _, found in page.tags
        for name, value in found.items()
        if name.rpartition(":")[2] in {"href", "src", "action"}
    ]
    assert [value for value in addresses if not (value or "").startswith("#")] == []
    style = (page.text + str(page.tags)).replace("url(#", "")
    assert "url(" not in style
    assert "@import" not in style


def test_what_contract_and_data_hold_is_text_and_never_markup(tmp_path: Path) -> None:
    contract = shop_of("multiclass", labels=[HOSTILE, "b<b>b", "c|c"])
    folder = draw(tmp_path, contract, HOSTILE)
    page = Page(folder / PAGE)
    assert {tag for tag, _ in page.tags}.isdisjoint({"script", "i"})
    assert '<script>alert("x")</script>&$\\frac{' in page.text
    assert "fine <i>" in page.text
    for path in folder.glob("*.svg"):
        root = ElementTree.parse(path).getroot()  # noqa: S314 - our own
        assert not [part for part in root.iter() if part.tag.endswith("script")]


def test_figures_of_the_page_are_those_of_the_record(any_shop: Contract, report: Path) -> None:
    text, record = Page(report / PAGE).text, record_of(any_shop)
    for models in record["metrics"].values():
        for found in models.values():
            assert figures(found["value"]) in text
            assert f"{figures(found['low'])} to {figures(found['high'])}" in text
    for one in record["slices"]:
        assert f"{one['rows']:,}" in text
    assert "0.06 MB" in text
    assert "abc123 with uncommitted changes" in text


def test_training_ends_with_a_report_that_can_be_drawn_again(
    workspace: Workspace, tmp_path: Path
) -> None:
    made = workspace.config.monitor.reports / workspace.contract.name / "version-1"
    again = write(workspace.versions, workspace.versions.get(1), tmp_path)
    assert (made / PAGE).read_bytes() == (again / PAGE).read_bytes()
    record = json.loads((workspace.bundle.path / "evaluation.json").read_text())
    assert set(record["importance"]) == set(workspace.contract.features)
    assert workspace.contract.name in Page(made / PAGE).text
