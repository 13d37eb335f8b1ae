"""What a person does with a browser. No visit makes the browser complain, or ask another host."""

import pytest
from playwright.async_api import Browser, expect

from tests.browser.visit import visiting
from tests.web.house import ADMIN_KEY, KEY, House, letter

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_message_is_sent_from_the_first_page_and_is_seen_to_arrive(browser: Browser, house: House) -> None:
    async with visiting(browser, house) as visitor:
        await visitor.sign_in(KEY)
        page = visitor.page
        await page.get_by_label("To", exact=True).fill("ann@example.org\nbob@example.org")
        await page.get_by_label("Subject").fill("From the first page")
        await visitor.press("Send")
        await expect(page.get_by_role("heading", name="It is on disk")).to_be_visible()
        await expect(page.locator("[data-state]")).to_have_attribute("data-state", "sent")
        await expect(page.get_by_role("status")).to_have_text("The message is sent.")
        assert page.url == visitor.home + "/email", "nothing was loaded but the parts that changed"
        await expect(page.get_by_label("Subject")).to_have_value("From the first page")
        newest = (await house.get("/email?limit=1")).json["messages"][0]
        assert (newest["subject"], newest["to"]) == ("From the first page", ["ann@example.org", "bob@example.org"])


async def test_pressing_send_again_on_the_same_page_sends_nothing_twice(browser: Browser, house: House) -> None:
    async with visiting(browser, house) as visitor:
        await visitor.sign_in(KEY)
        page = visitor.page
        await page.get_by_label("To", exact=True).fill("once@example.org")
        await visitor.press("Send and wait")
        await visitor.reads("A provider accepted it.")
        first = await page.locator("dd code").inner_text()
        await page.reload()
        assert await page.locator("dd code").inner_text() == first
        assert len((await house.get("/email?to=once@example.org")).json["messages"]) == 1


async def test_an_error_keeps_the_form_and_says_what_is_wrong_beside_the_field(browser: Browser, house: House) -> None:
    async with visiting(browser, house) as visitor:
        await visitor.sign_in(KEY)
        page = visitor.page
        await page.get_by_label("To", exact=True).fill("nobody")
        await page.get_by_label("Subject").fill('A "quoted" <b>subject</b>')
        await page.get_by_text("More fields").click()
        await page.get_by_label("Lane").select_option("bulk")
        await page.get_by_label("Expires in").fill("soon")
        await visitor.press("Send")
        await expect(page.get_by_role("heading", name="422")).to_be_visible()
        to = page.get_by_label("To", exact=True)
        await expect(to).to_have_value("nobody")
        await expect(to).to_have_accessible_description(
            "One address on each line. to[0]: Expected one address like ann@example.com or Ann <ann@example.com>."
        )
        await expect(page.get_by_label("Expires in")).to_have_attribute("aria-invalid", "true")
        await expect(page.get_by_label("Subject")).to_have_value('A "quoted" <b>subject</b>')
        await expect(page.get_by_label("Lane")).to_have_value("bulk")
        await to.fill("ann@example.org")
        await page.get_by_label("Expires in").fill("5m")
        await visitor.press("Send")
        await expect(page.locator("[data-state]")).to_have_attribute("data-state", "sent")


async def test_the_list_is_filtered_and_turned_page_by_page(browser: Browser, house: House) -> None:
    for number in range(3):
        await house.sent(letter(subject=f"Leaf {number}", tags=["leaf"]))
    async with visiting(browser, house) as visitor:
        await visitor.sign_in(KEY, "/email")
        page = visitor.page
        await page.locator("summary", has_text="Filters").click()
        await page.get_by_label("Tag").fill("leaf")
        await page.get_by_label("Status").select_option("sent")
        await page.get_by_label("On a page").fill("2")
        await visitor.press("List")
        rows = page.locator("tbody th a.clamp")
        assert await rows.all_inner_texts() == ["Leaf 2", "Leaf 1"]
        await page.get_by_role("link", name="Next page").click()
        assert await rows.all_inner_texts() == ["Leaf 0"]
        await rows.first.click()
        await expect(page.get_by_role("heading", name="Leaf 0")).to_be_visible()
        await page.get_by_role("link", name="Why it goes where it goes").click()
        await visitor.reads("it is over: sent")


async def test_a_message_is_taken_back(browser: Browser, house: House) -> None:
    later = await house.accepted(letter(send_at="2030-01-01T00:00:00Z"))
    async with visiting(browser, house) as visitor:
        await visitor.sign_in(KEY, f"/email/{later}")
        await visitor.press("Cancel the message")
        await expect(visitor.page.get_by_role("heading", name="Cancelled")).to_be_visible()
        await visitor.page.get_by_role("link", name="Back to the message").click()
        await expect(visitor.page.locator("[data-state]")).to_have_attribute("data-state", "cancelled")
        await expect(visitor.page.get_by_role("button", name="Cancel the message")).to_have_count(0)
    assert (await house.get(f"/email/{later}")).json["status"] == "cancelled"


async def test_an_administrator_pauses_and_resumes_a_provider(browser: Browser, house: House) -> None:
    async with visiting(browser, house) as visitor:
        await visitor.sign_in(ADMIN_KEY)
        page = visitor.page
        await page.locator("summary", has_text="Switch spare").click()
        await page.locator("details[open]").get_by_label("Reason").fill("maintenance")
        await visitor.press("Pause spare")
        await visitor.reads("maintenance")
        await visitor.press("Make spare fail")
        await visitor.reads("made to fail")
        await visitor.press("End the failure of spare")
        await visitor.press("Resume spare")
        await expect(page.get_by_role("button", name="Pause spare")).to_be_visible()
    switch = (await house.get("/example.com")).json["providers"][1]["switch"]
    assert (switch["held"], switch["by"], switch["fail"]) == ("no", "ops", False)


async def test_all_of_it_works_without_scripts(browser: Browser, house: House) -> None:
    async with visiting(browser, house, scripts=False) as visitor:
        await visitor.sign_in(KEY)
        page = visitor.page
        await page.get_by_label("To", exact=True).fill("plain@example.org")
        await visitor.press("Send")
        await page.get_by_role("link", name="See what became of it").click()
        await house.until(page.url.rpartition("/")[2], lambda record: bool(record["status"] == "sent"))
        await page.reload()
        await visitor.reads("A provider accepted it.")
        await visitor.press("Sign out")
        await expect(page.get_by_role("button", name="Sign in")).to_be_visible()
        assert await visitor.go("/") == 401


async def test_a_wrong_key_is_told_and_nothing_is_kept(browser: Browser, house: House) -> None:
    async with visiting(browser, house) as visitor:
        await visitor.go("/email")
        await visitor.page.get_by_label("Key", exact=True).fill("guessed")
        await visitor.press("Sign in")
        await visitor.reads("No key of this server, or one that has expired.")
        assert await visitor.page.context.cookies() == []
        await visitor.page.get_by_label("Key", exact=True).fill(KEY)
        await visitor.press("Sign in")
        assert visitor.page.url == visitor.home + "/email"
        (cookie,) = await visitor.page.context.cookies()
        assert (cookie["httpOnly"], cookie["sameSite"], cookie["path"]) == (True, "Strict", "/")
        assert KEY not in cookie["value"]
        assert await visitor.page.evaluate("document.cookie") == ""
