"""Reads a page as a browser would, without one."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

import httpx


@dataclass
class Page(HTMLParser):
    """What a page names, and what stands in it that its policy forbids."""

    files: list[str] = field(default_factory=list)
    """What it loads."""
    links: list[str] = field(default_factory=list)
    scripts_inside: list[str] = field(default_factory=list)
    """Scripts, handlers and styles that are no files."""
    _in: str = ""

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given, self._in = dict(attrs), tag
        if tag in {"script", "link", "img"}:
            self.files.append(given.get("src") or given.get("href") or "")
        if tag == "a":
            self.links.append(given["href"] or "")
        inside = [name for name in given if name.startswith("on") or name == "style"]
        self.scripts_inside += [f"{tag} {name}" for name in inside]

    def handle_data(self, data: str) -> None:
        if self._in in {"script", "style"} and data.strip():
            self.scripts_inside.append(data)

    def handle_endtag(self, _: str) -> None:
        self._in = ""


def read(client: httpx.Client, path: str) -> Page:
    """A page's names."""
    answer = client.get(path)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")
    page = Page()
    page.feed(answer.text)
    return page


def policy_of(answer: httpx.Response) -> dict[str, list[str]]:
    """What a page may load from where."""
    given = answer.headers["content-security-policy"].split("; ")
    return {name: values for name, *values in (part.split() for part in given)}
