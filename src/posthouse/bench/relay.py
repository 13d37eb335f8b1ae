"""One run of Postfix: as many messages as it might take in the time, until the last is with the sink."""

from pathlib import Path
from typing import Final

from posthouse.bench import postfix
from posthouse.bench.ground import Ground, empty, free_ports
from posthouse.bench.postfix import Ports, Postfix
from posthouse.bench.report import POSTFIX, Run
from posthouse.bench.trial import each
from posthouse.clock import SystemClock

clock = SystemClock()

A_SECOND: Final = 1000
"""Messages for each second of the plan: smtp-source counts messages, not seconds."""

WARM: Final = 200
POLL_S: Final = 0.02


async def run(ground: Ground, number: int) -> Run:
    """Warm up, drain, load, drain. smtp-source tells no latencies."""
    plan = ground.plan
    messages = max(plan.connections, round(A_SECOND * plan.seconds))
    with empty(ground.directory) as name:
        async with postfix.started(Path(name), Ports(*free_ports(2))) as one:
            await one.take(WARM, plan.connections)
            await drained(one, WARM, plan.seconds)
            before, disk, cpu_s = one.taken(), one.disk_bytes(), one.master.cpu_s()
            began = clock.monotonic()
            took_s = await one.take(messages, plan.connections)
            done_at = await drained(one, before + messages, plan.seconds)
            carried = one.taken() - before
            return Run(
                name=POSTFIX,
                round=number,
                accepted=messages,
                accepted_per_s=messages / took_s,
                delivered_per_s=min(carried, messages) / (done_at - began),
                cpu_us=each(cpu_s, one.master.cpu_s(), messages, 1e6),
                peak_mib=one.master.peak_mib(),
                disk_bytes=each(disk, one.disk_bytes(), messages),
                undelivered=max(messages - carried, one.queued()),
                twice=max(0, carried - messages),
            )


async def drained(one: Postfix, target: int, seconds: float) -> float:
    """When the sink had all and the queues were empty, on the monotonic clock; or when patience ran out."""
    deadline = clock.monotonic() + 30 + 10 * seconds
    while clock.monotonic() < deadline:
        one.master.check()
        if one.taken() >= target and not one.queued():
            break
        await clock.sleep(POLL_S)
    return clock.monotonic()
