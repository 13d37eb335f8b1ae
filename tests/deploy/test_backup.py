"""The copy of a store that docs/backup.md tells to make, under a running server."""

import asyncio
import re
import subprocess
import sys
from pathlib import Path

from tests.deploy.tools import ROOT
from tests.end_to_end.conftest import Client
from tests.end_to_end.process import serving

MAIL = b'{"from": "shop@example.com", "to": "ann@example.org", "subject": "Hello", "text": "It works."}'


def copied(folder: Path, copy: Path) -> None:
    """Run the first command of the page in that folder, for another target."""
    page = (ROOT / "docs" / "backup.md").read_text()
    found = re.search(r"^posthouse (\w+) posthouse-backup.db$", page, re.MULTILINE)
    assert found is not None
    subprocess.run([sys.executable, "-m", "posthouse", found[1], str(copy)], check=True, cwd=folder)


async def test_a_copy_made_while_it_runs_is_a_whole_store_of_its_own(tmp_path: Path) -> None:
    (before := tmp_path / "before").mkdir()
    (after := tmp_path / "after").mkdir()
    async with serving(before, "--listen", "127.0.0.1:0") as (process, port):
        record = await asyncio.to_thread(Client(port, "dev").post, "application/json", MAIL)
        await asyncio.to_thread(copied, before, after / "posthouse.db")
        later = await asyncio.to_thread(Client(port, "dev").post, "application/json", MAIL)
        assert await process.stopped() == 0
    async with serving(after, "--listen", "127.0.0.1:0") as (process, port):
        client = Client(port, "dev")
        assert await asyncio.to_thread(client.show, record["id"]) == record
        status, _ = await asyncio.to_thread(client.call, "GET", f"/email/{later['id']}")
        assert status == 404
        assert await process.stopped() == 0
