"""What a running house says to Prometheus after some traffic: mail that went well, went wrong and waits."""

from pathlib import Path

from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from tests.web.house import ADMIN_KEY, letter, one_pool, running


async def scrape(folder: Path) -> list[Metric]:
    """Every family of a scrape."""
    sandbox = {"maildir": str(folder / "sent"), "daily": 100, "monthly": 1000}
    canary = {"pool": "example.com", "to": "canary@example.org"}
    given = {**one_pool(folder, providers={"sandbox": sandbox}), "canary": canary}
    async with running(given, folder) as house:
        await house.sent(letter())
        await house.sent(letter(to="x+refuse@example.org"))
        waits = await house.accepted(letter(to="x+defer@example.org"))
        await house.until(waits, lambda record: len(record["events"]) > 1)
        await house.accepted(letter(send_at="2090-01-01T00:00:00Z"))
        await house.post({"to": "nobody"})
        reply = await house.get("/metrics", ADMIN_KEY)
        while b"posthouse_canary_failures{" not in reply.body:  # it has come back
            reply = await house.get("/metrics", ADMIN_KEY)
    return list(text_string_to_metric_families(reply.body.decode()))


def samples(families: list[Metric]) -> dict[str, set[str]]:
    """Sample → names of its labels."""
    return {sample.name: set(sample.labels) for family in families for sample in family.samples}
