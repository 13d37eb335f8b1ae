"""The site as a browser shows it: nothing is fetched from elsewhere, nothing is too wide, and the search finds."""

import functools
import threading
from collections.abc import AsyncIterator, Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from tests.browser.visit import CHROMIUM, PATIENCE_MS, chromium
from tests.docs.site import built

pytestmark = [pytest.mark.timeout(120), pytest.mark.asyncio(loop_scope="module")]


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where the site is served."""
    site = built(tmp_path_factory.mktemp("site"))
    with ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=site)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine: apt-get install chromium")
    async with chromium() as opened:
        yield opened


async def opened(browser: Browser, home: str, width: int, scheme: Literal["light", "dark"]) -> tuple[Page, list[str]]:
    """A window on the site, and what it complains about."""
    context = await browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page, troubles = await context.new_page(), list[str]()
    page.set_default_timeout(PATIENCE_MS)
    page.on("console", lambda said: troubles.append(said.text) if said.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("request", lambda ask: None if ask.url.startswith((home, "data:", "blob:")) else troubles.append(ask.url))
    return page, troubles


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
async def test_pages_of_every_kind_fit_and_ask_nobody_else(
    browser: Browser, home: str, width: int, scheme: Literal["light", "dark"]
) -> None:
    page, troubles = await opened(browser, home, width, scheme)
    for name in ("index", "guides/incidents", "reference/configuration", "reference/http", "routing", "comparison"):
        await page.goto(f"{home}{name}.html")
        wider = await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wider <= 0, f"{name} is {wider} pixels wider than the window"
    assert troubles == []


async def test_the_search_finds_a_setting(browser: Browser, home: str) -> None:
    page, troubles = await opened(browser, home, 1280, "light")
    await page.goto(f"{home}index.html")
    await page.get_by_role("button", name="Search").click()
    await page.get_by_role("combobox", name="Search").fill("probe_passes")
    await expect(page.get_by_text("pools.DOMAIN.breaker").first).to_be_visible()
    assert troubles == []
