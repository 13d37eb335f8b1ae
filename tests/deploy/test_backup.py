"""The copy of a store that docs/deploy/upgrade.md tells to make, under a running server."""

import asyncio
import re
import subprocess
import sys
from pathlib import Path

from tests.deploy.tools import ROOT
from tests.end_to_end.conftest import Client
from tests.end_to_end.process import serving

MAIL = b'{"from": "shop@example.com", "to": "ann@example.org", "subject": "Hello", "text": "It works."}'


def told() -> str:
    """The program that the page gives to Python."""
    page = (ROOT / "docs" / "deploy" / "upgrade.md").read_text()
    found = re.search(r'python -c "\n(.*?)\n" /var/lib', page, re.DOTALL)
    assert found is not None
    return found[1]


def copied(store: Path, copy: Path) -> None:
    subprocess.run([sys.executable, "-c", told(), str(store), str(copy)], check=True)


async def test_a_copy_made_while_it_runs_is_a_whole_store_of_its_own(tmp_path: Path) -> None:
    (before := tmp_path / "before").mkdir()
    (after := tmp_path / "after").mkdir()
    async with serving(before, "--listen", "127.0.0.1:0") as (process, port):
        record = await asyncio.to_thread(Client(port, "dev").post, "application/json", MAIL)
        await asyncio.to_thread(copied, before / "posthouse.db", after / "posthouse.db")
        later = await asyncio.to_thread(Client(port, "dev").post, "application/json", MAIL)
        assert await process.stopped() == 0
    async with serving(after, "--listen", "127.0.0.1:0") as (process, port):
        client = Client(port, "dev")
        assert await asyncio.to_thread(client.show, record["id"]) == record
        status, _ = await asyncio.to_thread(client.call, "GET", f"/email/{later['id']}")
        assert status == 404
        assert await process.stopped() == 0
