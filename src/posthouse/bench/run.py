"""The measurement: all contestants in turns, round by round."""

from collections.abc import Callable

from posthouse.bench import relay, trial
from posthouse.bench.contestant import CONTESTANTS
from posthouse.bench.ground import Ground, Plan, ground
from posthouse.bench.machine import machine
from posthouse.bench.postfix import version as postfix_version
from posthouse.bench.report import POSTFIX, Report, Run
from posthouse.clock import SystemClock, rfc3339

Tell = Callable[[str, int], None]
"""Called before each step with what it is, and how many there are in all; 0 while that is not known."""


async def measure(plan: Plan, tell: Tell, command: str = "") -> Report:
    """All of it. command: what the report says it was made by. BenchError says why it cannot be done."""
    runs: list[Run] = []
    cold: dict[str, list[float]] = {}
    async with ground(plan, lambda step: tell(step, 0)) as here:
        for name in [name for name in here.names if name in CONTESTANTS and plan.colds]:
            tell(f"{name}: cold start, {plan.colds} times", here.steps)
            cold[name] = [await trial.cold_start(here, CONTESTANTS[name]) for _ in range(plan.colds)]
        for number in range(1, plan.rounds + 1):
            # The order turns round by round: nobody always comes after the other has warmed the disk.
            for name in here.names if number % 2 else reversed(here.names):
                tell(f"{name}: round {number} of {plan.rounds}", here.steps)
                runs.append(await run(here, name, number))
        others = {"PostgreSQL": await here.database.version()} if here.database is not None else {}
        if POSTFIX in here.names:
            others["Postfix"] = postfix_version()
        where = machine(here.directory, **others)
    return Report(
        machine=where,
        rounds=plan.rounds,
        seconds=plan.seconds,
        connections=plan.connections,
        runs=runs,
        cold_ms=cold,
        names=list(plan.names),
        missing=here.missing,
        date=rfc3339(SystemClock.now())[:10],
        command=command,
    )


async def run(here: Ground, name: str, number: int) -> Run:
    if name == POSTFIX:
        return await relay.run(here, number)
    return await trial.run(here, CONTESTANTS[name], number)
