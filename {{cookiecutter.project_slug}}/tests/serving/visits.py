"""Visits of a page by a real browser, which records what it asked for and what went wrong."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import Browser, Locator, Page, expect

WAIT_MS = 30_000


@dataclass(frozen=True)
class Visit:
    """A page that is open."""

    page: Page
    asked: list[str] = field(default_factory=list)
    """The address of every request."""
    wrong: list[str] = field(default_factory=list)
    """What the page's policy forbade, and what its scripts raised or complained of."""

    def field(self, name: str) -> Locator:
        """The control of a column."""
        return self.page.get_by_label(name, exact=True)

    def fault(self, name: str) -> str:
        """What stands beside a column's control."""
        told = self.field(name).locator("xpath=following-sibling::p[@class='fault']")
        return told.inner_text()

    def predict(self, *, refused: bool = False) -> Locator:
        """The answer to what stands in the form."""
        before = self.page.locator("#answer code").first
        old = before.inner_text() if before.count() else None
        self.page.get_by_role("button", name="Predict").click()
        if old is not None:
            expect(before).not_to_have_text(old)
        answer = self.page.locator("#answer")
        expect(answer.locator(".figure")).to_be_visible()
        assert (answer.locator(".figure").inner_text() == "Refused") == refused
        return answer


@contextmanager
def visit(browser: Browser, url: str, **how: Any) -> Iterator[Visit]:
    """Open a page; it must ask nobody else, and nothing may go wrong."""
    with browser.new_context(**how) as context:
        context.set_default_timeout(WAIT_MS)
        expect.set_options(timeout=WAIT_MS)
        found = Visit(page=context.new_page())
        context.on("request", lambda request: found.asked.append(request.url))
        found.page.on("pageerror", lambda error: found.wrong.append(str(error)))
        found.page.on(
            "console",
            lambda message: (
                # A browser complains of every answer that is an error, which some are to be.
                found.wrong.append(message.text)
                if message.type in {"error", "warning"} and "status of 4" not in message.text
                else None
            ),
        )
        found.page.goto(url)
        yield found
        assert found.wrong == []
        base = "/".join(url.split("/")[:3])
        assert [address for address in found.asked if not address.startswith(f"{base}/")] == []
