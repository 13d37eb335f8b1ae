"""A visitor: a page of a real Chromium, and everything it should not have met."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final, Literal

from playwright.async_api import Browser, ConsoleMessage, Page, Request, async_playwright

from tests.web.house import ADMIN_KEY, KEY, House, document

CHROMIUM: Final = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

FLAGS: Final = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
)

PATIENCE_MS: Final = 10_000


class Visitor:
    """One window. troubles: what the browser complained about, and requests to any other host."""

    def __init__(self, page: Page, house: House) -> None:
        self.page, self.house = page, house
        self.home = f"http://127.0.0.1:{house.port}"
        self.troubles: list[str] = []
        page.set_default_timeout(PATIENCE_MS)
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.troubles.append(f"error: {error}"))
        page.on("request", self._asked)

    def _heard(self, message: ConsoleMessage) -> None:
        # Chromium notes each answer of 400 and above as an error; the tests look at those themselves.
        if message.type in ("error", "warning") and "the server responded with a status of" not in message.text:
            self.troubles.append(f"console: {message.text}")

    def _asked(self, request: Request) -> None:
        if not request.url.startswith((self.home, "data:")):
            self.troubles.append(f"asked {request.url}")

    async def go(self, target: str) -> int:
        """The status of the answer."""
        response = await self.page.goto(self.home + target)
        assert response is not None
        return response.status

    async def sign_in(self, key: str = ADMIN_KEY, target: str = "/") -> None:
        await self.go(target)
        await self.page.get_by_label("Key", exact=True).fill(key)
        await self.page.get_by_role("button", name="Sign in").click()
        await self.page.get_by_role("button", name="Sign out").wait_for()

    async def press(self, name: str) -> None:
        await self.page.get_by_role("button", name=name, exact=True).click()

    async def reads(self, text: str) -> None:
        """Wait until it stands on the page."""
        await self.page.get_by_text(text).first.wait_for()


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        try:
            yield browser
        finally:
            await browser.close()


@asynccontextmanager
async def visiting(
    browser: Browser,
    house: House,
    *,
    width: int = 1280,
    scheme: Literal["light", "dark"] = "light",
    scripts: bool = True,
) -> AsyncIterator[Visitor]:
    """A window without a past, for the block; the browser must have had nothing to complain about."""
    context = await browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=scheme, java_script_enabled=scripts
    )
    try:
        visitor = Visitor(await context.new_page(), house)
        yield visitor
        assert visitor.troubles == []
    finally:
        await context.close()


def furnished(folder: Path) -> dict[str, Any]:
    """A house with two providers in one pool, and a class."""
    given = document(folder)
    given["pools"]["example.com"] |= {
        "keys": {"web": KEY},
        "breaker": {"failures": 1000, "min_calls": 1000},
        "providers": {
            "main": {"type": "sandbox", "maildir": str(folder / "sent"), "daily": 500},
            "spare": {"type": "sandbox", "maildir": str(folder / "sent"), "slow_s": 60},
        },
    }
    return given
