"""Sites of the pages: the template's own, and a project's; a fault in a page fails the build."""

from __future__ import annotations

import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import pytest
from rendering import ALL, TEMPLATE, BakedProject, Ran, render, run
from test_pages import with_environment

MOST_PICTURE_BYTES = 150_000
# What a browser fetches by itself; a link that a person clicks may lead elsewhere.
FETCHED = {"img": "src", "script": "src", "link": "href", "iframe": "src", "source": "srcset"}
ADDRESS = re.compile(r"^(https?:)?//")
IN_STYLES = re.compile(r"url\(\s*['\"]?(https?:|//)|@import\s+['\"](https?:|//)")


class Fetches(HTMLParser):
    """Collects what a page makes a browser fetch, and the links to follow."""

    def __init__(self) -> None:
        """Begin with nothing."""
        super().__init__()
        self.fetched: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Look at one tag."""
        if tag in FETCHED:
            self.fetched += [value or "" for name, value in attrs if name == FETCHED[tag]]


def outside(site: Path) -> list[str]:
    """Return what pages and styles of a site would fetch from elsewhere."""
    found = []
    for page in site.rglob("*.html"):
        parser = Fetches()
        parser.feed(page.read_text("utf-8"))
        found += [f"{page.name}: {each}" for each in parser.fetched if ADDRESS.match(each)]
    for style in site.rglob("*.css"):
        found += [f"{style.name}: {each[0]}" for each in IN_STYLES.finditer(style.read_text())]
    return found


@pytest.fixture(scope="module")
def project(ready: BakedProject, tmp_path_factory: pytest.TempPathFactory) -> BakedProject:
    """Return a render of its own, to build its pages in."""
    baked = render(tmp_path_factory.mktemp("docs") / "out", options=ALL)
    return with_environment(baked, ready)


def build(project: BakedProject, *, check: bool = True) -> Ran:
    """Build a project's site, as a person does."""
    source = str(project.path / "src")
    return project.run("make", "docs", PYTHONPATH=source, timeout_s=600, check=check)


def test_the_projects_pages_are_a_site(project: BakedProject) -> None:
    build(project)
    site = project.path / "dist" / "docs"
    pages = {page.relative_to(site).as_posix() for page in site.rglob("*.html")}

    assert {"index.html", "tutorial.html", "runbook.html", "reference/commands.html"} <= pages
    assert len([page for page in pages if page.startswith("howto/")]) > 11
    reference = "".join(page.read_text("utf-8") for page in (site / "reference").rglob("*.html"))
    assert "Fewest rows with which a window is checked" in reference
    assert "Serve the version that served before" in reference
    assert outside(site) == []
    assert project.run("git", "status", "--porcelain", "docs").output == ""


# Each kind ends the build at another step, and what is wrong there is said all at once.
FAULTS = {
    "a page": (
        ("docs/index.md", "(tutorial.md)", "(tutorials.md)", r"docs/index.md:\d+: .*tutorials.md"),
        ("docs/runbook.md", "## A key leaked", "#### A key leaked", r"docs/runbook.md:\d+: "),
    ),
}


@pytest.mark.parametrize("kind", FAULTS)
def test_faults_fail_the_build_and_each_is_named(project: BakedProject, kind: str) -> None:
    before = {path: project.read(path) for path, *_ in FAULTS[kind]}
    for path, old, new, _ in FAULTS[kind]:
        assert before[path].count(old) == 1, "it cannot be planted any more: name another text"
        (project.path / path).write_text(before[path].replace(old, new), "utf-8")
    try:
        ran = build(project, check=False)
    finally:
        for path, text in before.items():
            (project.path / path).write_text(text, "utf-8")

    assert ran.exit_code, str(ran)
    for *_, says in FAULTS[kind]:
        assert re.search(says, ran.output), str(ran)


def test_the_templates_own_pages_are_a_site(tmp_path: Path) -> None:
    copy = tmp_path / "template"
    shutil.copytree(TEMPLATE / "docs", copy / "docs")
    for name in ("Makefile", "constraints.txt", "pyproject.toml"):
        shutil.copy(TEMPLATE / name, copy)
    made = copy / ".venv" / ".installed"  # the site needs nothing of the harness but uv
    made.parent.mkdir()
    made.touch()

    run("make", "docs", cwd=copy, timeout_s=600)
    site = copy / "build" / "docs"

    assert (site / "decisions" / "0001-template.html").is_file()
    assert outside(site) == []

    page = copy / "docs" / "getting-started.md"
    page.write_text(page.read_text("utf-8").replace("(models.md)", "(modells.md)"), "utf-8")
    ran = run("make", "docs", cwd=copy, timeout_s=600, check=False)

    assert ran.exit_code, str(ran)
    assert re.search(r"docs/getting-started.md:\d+: .*modells.md", ran.output), str(ran)


def test_what_a_site_fetches_from_elsewhere_is_found(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text(
        '<script src="https://x.example/a.js"></script><img src="b.png">'
    )
    (tmp_path / "a.css").write_text("@font-face { src: url(https://x.example/font.woff2); }")

    assert outside(tmp_path) == ["a.html: https://x.example/a.js", "a.css: url(https:"]


def test_pictures_are_small_and_each_is_shown() -> None:
    pictures = {path.name: path.stat().st_size for path in (TEMPLATE / "docs/pictures").iterdir()}
    page = (TEMPLATE / "docs" / "what-you-get.md").read_text("utf-8")

    assert {name: size for name, size in pictures.items() if size > MOST_PICTURE_BYTES} == {}
    assert {f"pictures/{name}" for name in pictures} == set(
        re.findall(r"\((pictures/[^)]+)\)", page)
    )
