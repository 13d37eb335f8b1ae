"""The pages at both widths: nothing runs over the side. With POSTHOUSE_SCREENSHOTS=FOLDER, pictures, light and dark."""

import os
from typing import Literal

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from tests.browser.visit import Visitor, visiting
from tests.web.house import ADMIN_KEY, KEY, OTHER_KEY, House, letter

pytestmark = pytest.mark.asyncio(loop_scope="session")

FOLDER = os.environ.get("POSTHOUSE_SCREENSHOTS")
WINDOWS = [(width, scheme) for width in (360, 1280) for scheme in ("light", "dark") if scheme == "light" or FOLDER]

LONG = "Ωmega" * 60 + " " + "long words " * 20
HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>"


async def picture(visitor: Visitor, name: str) -> None:
    """Nothing is wider than the window; and a picture, where they are wanted."""
    page = visitor.page
    wide = await page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
    assert wide[0] <= wide[1], (name, wide)
    if FOLDER is not None:
        await page.screenshot(path=f"{FOLDER}/{name}.png", full_page=True)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def told(house: House) -> dict[str, str]:
    """Messages to look at: what each is → its id."""
    sent = await house.sent(letter(tags=["spring", "a-tag-" + "x" * 60]))
    long = await house.sent(letter(subject=(HOSTILE + LONG)[:900], to=[f"x{n}@example.org" for n in range(30)]))
    deferred = await house.accepted(letter(to="x+defer@example.org", metadata={"order": "17"}))
    await house.until(deferred, lambda record: len(record["events"]) > 1)
    await house.ask(
        "/example.com/suppressions", {"addresses": ["gone@example.org"], "reason": HOSTILE[:400]}, ADMIN_KEY
    )
    return {"sent": sent["id"], "long": long["id"], "deferred": deferred}


@pytest.mark.parametrize(("width", "scheme"), WINDOWS)
async def test_every_page_fits_its_window(
    browser: Browser, house: House, told: dict[str, str], width: int, scheme: Literal["light", "dark"]
) -> None:
    pages = {
        "pools": "/",
        "pool": "/example.com",
        "messages": "/email",
        "message": f"/email/{told['sent']}",
        "long": f"/email/{told['long']}",
        "deferred": f"/email/{told['deferred']}",
        "explain": f"/email/{told['deferred']}/explain",
        "suppressions": "/example.com/suppressions",
        "config": "/admin/config",
        "ready": "/readyz",
        "calls": "/docs",
        "unknown": "/email/nothing",
        "bad-filters": "/email?limit=0&status=lost&since=yesterday",
    }
    async with visiting(browser, house, width=width, scheme=scheme) as visitor:
        await visitor.go("/")
        await picture(visitor, f"signin-{width}-{scheme}")
        await visitor.sign_in()
        for name, target in pages.items():
            await visitor.go(target)
            await picture(visitor, f"{name}-{width}-{scheme}")
        await visitor.go("/")
        await visitor.page.get_by_text("More fields").first.click()
        await visitor.page.locator("summary", has_text="Switch main").click()
        await picture(visitor, f"open-{width}-{scheme}")
        await visitor.page.locator("#send-to").fill("nobody\n" + "x" * 300)
        await visitor.page.locator("#send-lane").select_option("bulk")
        await visitor.press("Send")
        await picture(visitor, f"error-{width}-{scheme}")
        await visitor.page.evaluate("document.querySelectorAll('details').forEach((fold) => (fold.open = true))")
        await picture(visitor, f"error-open-{width}-{scheme}")


async def test_a_house_without_messages_says_what_to_do(browser: Browser, house: House) -> None:
    async with visiting(browser, house) as visitor:
        await visitor.sign_in(OTHER_KEY, "/email")
        await visitor.reads("No messages yet. Send one:")
        await picture(visitor, "empty")
        await visitor.go("/email?tag=nothing")
        await visitor.reads("No message answers to these filters.")
        await visitor.go("/example.net/suppressions")
        await visitor.reads("No addresses.")
        await picture(visitor, "empty-suppressions")


async def test_the_keyboard_is_seen_and_the_first_thing_it_meets_is_the_way_to_the_content(
    browser: Browser, house: House
) -> None:
    async with visiting(browser, house) as visitor:
        await visitor.sign_in(KEY)
        await visitor.go("/email")
        await visitor.page.keyboard.press("Tab")
        assert await visitor.page.evaluate("document.activeElement.textContent") == "To the content"
        await visitor.page.keyboard.press("Tab")
        style = await visitor.page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert style == "solid"
