"""A real Chromium, and devices in it: one browser context is one device of one person."""

import contextlib
import shutil
from collections.abc import AsyncIterator
from typing import Literal

import pytest
from playwright.async_api import Browser, ConsoleMessage, Error, Page, async_playwright

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
TIMEOUT_MS = 20_000
"""How long a gesture waits for what it needs; generous, because the machine may be busy."""

Theme = Literal["light", "dark"]
PHONE_HEIGHT, DESK_HEIGHT, PHONE_WIDTH_MAX = 740, 900, 500


def chromium() -> str:
    """Where the machine's Chromium is; a test without one is skipped."""
    for name in ("chromium", "chromium-browser", "google-chrome", "chrome"):
        if (found := shutil.which(name)) is not None:
            return found
    pytest.skip("no Chromium on this machine")


@contextlib.asynccontextmanager
async def browser() -> AsyncIterator[Browser]:
    """A browser for one test."""
    async with async_playwright() as playwright:
        started = await playwright.chromium.launch(executable_path=chromium(), args=list(FLAGS))
        try:
            yield started
        finally:
            await started.close()


class Complaints(list[str]):
    """What a page complained of: exceptions, and errors in the console."""

    def hear(self, page: Page) -> None:
        """Listen to a page."""
        page.on("pageerror", self._exception)
        page.on("console", self._console)

    def _exception(self, error: Error) -> None:
        self.append(str(error))

    def _console(self, message: ConsoleMessage) -> None:
        # The browser itself reports answers of 4xx and lost connections; journeys cause both on purpose.
        if message.type == "error" and not message.text.startswith(("Failed to load resource", "WebSocket")):
            self.append(message.text)


async def open_page(
    browser: Browser, *, locale: str, width: int, theme: Theme = "light", touch: bool = False
) -> tuple[Page, Complaints]:
    """A new device: nothing stored, its own size, language and theme."""
    is_phone = width <= PHONE_WIDTH_MAX
    context = await browser.new_context(
        locale={"ko": "ko-KR", "en": "en-US"}[locale],
        timezone_id="Asia/Seoul",
        viewport={"width": width, "height": PHONE_HEIGHT if is_phone else DESK_HEIGHT},
        color_scheme=theme,
        has_touch=touch,
        is_mobile=touch,
        reduced_motion="reduce",
    )
    context.set_default_timeout(TIMEOUT_MS)
    page = await context.new_page()
    complaints = Complaints()
    complaints.hear(page)
    return page, complaints
