"""The fake provider, as the process it is."""

from pathlib import Path

import msgspec
from pyreqwest.client import ClientBuilder

from posthouse.bench.carrier import Entry
from posthouse.bench.door import Open
from posthouse.bench.process import child


async def test_a_carrier_takes_messages_and_counts_them_and_enters_each_in_its_ledger(tmp_path: Path) -> None:
    ledger = tmp_path / "ledger"
    setup = msgspec.json.encode({"ledger": str(ledger)}).decode()
    async with (
        child(tmp_path / "log", "-m", "posthouse.bench.carrier", setup) as process,
        ClientBuilder().build() as client,
    ):
        url = f"http://127.0.0.1:{msgspec.json.decode(await process.line(10), type=Open).port}"
        sendgrid = await client.post(f"{url}/v3/mail/send").body_text("one").build().send()
        assert (sendgrid.status, await sendgrid.text()) == (202, "")
        assert sendgrid.get_header("x-message-id") == "carrier-00000001"
        other = await client.post(f"{url}/messages").body_text("two\nlines").build().send()
        assert (other.status, await other.json()) == (200, {"id": "carrier-00000002"})
        probe = await client.get(f"{url}/v3/scopes").build().send()
        assert (probe.status, await probe.json()) == (200, {})
        count = await client.get(f"{url}/count").build().send()
        assert await count.json() == {"messages": 2}
    entries = [msgspec.json.decode(line, type=Entry) for line in ledger.read_bytes().splitlines()]
    assert entries == [
        Entry("carrier-00000001", "/v3/mail/send", b"one"),
        Entry("carrier-00000002", "/messages", b"two\nlines"),
    ]
    assert process.process.returncode == 0
