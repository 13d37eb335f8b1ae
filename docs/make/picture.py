"""Makes docs/pictures/message.png from a real run: `python docs/make/picture.py`.

A server of two sandboxes, the first of them made to fail; a message that goes through the second; its page, as Chromium
shows it.
"""

import json
import re
import shutil
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import sync_playwright

PICTURE: Final = Path(__file__).parents[1] / "pictures" / "message.png"
KEY: Final = "the-key-of-the-picture"
WIDTH: Final = 960

CONFIG: Final = f"""
http: {{listen: "127.0.0.1:0"}}
admins: {{ops: {KEY}}}
pools:
  example.com:
    keys: {{web: {KEY}}}
    default_from: Example Shop <shop@example.com>
    providers:
      first: {{type: sandbox}}
      second: {{type: sandbox}}
"""


def call(home: str, target: str, body: dict[str, Any]) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json", "Prefer": "wait=30"}
    request = urllib.request.Request(home + target, json.dumps(body).encode(), headers)  # noqa: S310  on loopback
    with urllib.request.urlopen(request) as answer:  # noqa: S310
        found: dict[str, Any] = json.load(answer)
    return found


def failed_over(home: str) -> dict[str, Any]:
    """A message that went through the second provider. A switch is seen within a second: the first may still serve."""
    call(home, "/example.com/first/fail", {"fail": True})
    letter = {"to": "Ann <ann@example.org>", "subject": "Your receipt", "text": "Thank you!", "tags": ["receipt"]}
    while (message := call(home, "/email", letter))["provider"] != "second":
        pass
    return message


def show(home: str, target: str, picture: Path) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": WIDTH, "height": 600}, device_scale_factor=1.5)
        page.goto(home + target)
        page.get_by_label("Key", exact=True).fill(KEY)
        page.get_by_role("button", name="Sign in").click()
        page.get_by_role("button", name="Sign out").wait_for()
        story = page.get_by_role("table").first.bounding_box()
        assert story is not None  # noqa: S101
        clip: Any = {"x": 0, "y": 0, "width": WIDTH, "height": story["y"] + story["height"] + 10}
        page.screenshot(path=picture, full_page=True, clip=clip)
        browser.close()


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "posthouse.yaml").write_text(CONFIG)
        words = [sys.executable, "-m", "posthouse", "serve"]
        with subprocess.Popen(words, cwd=folder, stdout=subprocess.PIPE, text=True) as server:  # noqa: S603  our own words
            assert server.stdout is not None  # noqa: S101
            found = re.search(r"http://\S+", server.stdout.readline())
            assert found is not None  # noqa: S101
            try:
                show(found[0], f"/email/{failed_over(found[0])['id']}", PICTURE)
            finally:
                server.terminate()


if __name__ == "__main__":
    main()
