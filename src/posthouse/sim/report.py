"""What a run amounts to: one value, and the lines that tell it to a person."""

from collections import Counter
from math import floor, inf

import msgspec

from posthouse.routing.board import NEW
from posthouse.routing.rank import rank
from posthouse.routing.rules import Rules
from posthouse.sim.log import Log, Story

BACK = 0.9
"""A provider is back when it carries so much of what is its own."""

DELAYED_S = 0.001
"""A message is delayed when the attempt that carried it began so much after it arrived."""


class Load(msgspec.Struct, frozen=True):
    """What one provider had to do. share: of what was carried. peak: most attempts begun in one second."""

    provider: str
    attempts: int
    failed: int
    throttled: int
    share: float
    peak: int


class Report(msgspec.Struct, frozen=True):
    """The figures of one run. Times are seconds.

    failed: attempts that speak against their provider; throttled ones cost no attempt and are counted apart.
    waiting: messages that were not over at the end. delayed: messages that were not carried at once; p50_s, p99_s and
    max_s: how long those were. watched: the provider whose absence is told. away_s: for how many seconds it carried
    less than 90 % of the messages that were its own. recovered_s: from its healing to the end of the first second in
    which it carried that much again; None where it never failed, or never came back. lost: messages told as sent
    that nobody got. doubled: messages that somebody got twice. survivor_peak: most attempts in one second at any
    other provider than the watched one. checks: health calls. openings: of circuits. doubts: how often a provider with
    a closed circuit came to be distrusted.
    """

    messages: int
    sent: int
    over: int
    waiting: int
    attempts: int
    failed: int
    failed_percent: float
    throttled: int
    delayed: int
    p50_s: float
    p99_s: float
    max_s: float
    watched: str
    away_s: int
    recovered_s: float | None
    survivor_peak: int
    lost: int
    doubled: int
    checks: int
    openings: int
    doubts: int
    loads: tuple[Load, ...]


def measured(log: Log, watched: str, healed_at: float | None) -> Report:
    """The figures of a run. healed_at: when the watched provider was well again, None where there is no such time."""
    stories, attempts = log.stories, log.attempts
    throttled = sum(attempt.outcome == "throttled" for attempt in attempts)
    counted = len(attempts) - throttled
    failed = sum(attempt.failed for attempt in attempts)
    delays = sorted(
        story.carried_at - story.arrived
        for story in stories
        if story.carried_at is not None and story.carried_at - story.arrived > DELAYED_S
    )
    got = Counter(attempt.message for attempt in attempts if attempt.taken)
    away_s, recovered_s = _absence(log, watched, healed_at)
    loads = _loads(log)
    return Report(
        messages=len(stories),
        sent=sum(story.status == "sent" for story in stories),
        over=sum(story.status not in ("sent", "queued") for story in stories),
        waiting=sum(story.status == "queued" for story in stories),
        attempts=counted,
        failed=failed,
        failed_percent=round(100.0 * failed / counted, 2) if counted else 0.0,
        throttled=throttled,
        delayed=len(delays),
        p50_s=_percentile(delays, 0.5),
        p99_s=_percentile(delays, 0.99),
        max_s=_percentile(delays, 1.0),
        watched=watched,
        away_s=away_s,
        recovered_s=recovered_s,
        survivor_peak=max((load.peak for load in loads if load.provider != watched), default=0),
        lost=sum(story.status == "sent" and not got[story.place] for story in stories),
        doubled=sum(count > 1 for count in got.values()),
        checks=log.checks,
        openings=log.openings,
        doubts=log.doubts,
        loads=loads,
    )


def home(story: Story, rules: Rules) -> str:
    """The provider that would carry a message first if all were well."""
    enabled = [(candidate, NEW) for candidate in rules.candidates if candidate.enabled]
    return rank(story.job, enabled, rules, 0.0)[0].name


def lines(report: Report) -> list[str]:
    """The report as it is printed where no terminal is."""
    rows = summary(report)
    width = max(len(name) for name, _ in rows)
    told = [f"{name:<{width}}  {value}" for name, value in rows]
    return told + [f"{provider}: " + ", ".join(map(" ".join, rows)) for provider, rows in loads(report)]


def summary(report: Report) -> list[tuple[str, str]]:
    """(what, how much) of a report, for a table."""
    undone = [f"{count:,} {word}" for count, word in ((report.over, "failed"), (report.waiting, "waiting")) if count]
    delays = f", p50 {report.p50_s:.1f} s, p99 {report.p99_s:.1f} s, at most {report.max_s:.1f} s"
    recovered = "-" if report.recovered_s is None else f"{report.recovered_s:.0f} s"
    return [
        ("messages", f"{report.messages:,}" + (f" ({', '.join(undone)})" if undone else "")),
        ("attempts", f"{report.attempts:,}"),
        ("failed attempts", f"{report.failed:,} = {report.failed_percent:.2f} %"),
        ("throttled", f"{report.throttled:,}"),
        ("messages delayed", f"{report.delayed:,}" + (delays if report.delayed else "")),
        (f"away from {report.watched}", f"{report.away_s:,} s"),
        ("back after it healed", recovered),
        ("peak load on another", f"{report.survivor_peak:,}/s"),
        ("lost, doubled", f"{report.lost:,}, {report.doubled:,}"),
        ("opened, distrusted", f"{report.openings:,}, {report.doubts:,} times"),
        ("asked whether well", f"{report.checks:,} times"),
    ]


def loads(report: Report) -> list[tuple[str, list[tuple[str, str]]]]:
    """(provider, its (what, how much)) of a report, for a table."""
    return [(load.provider, _told(load)) for load in report.loads]


def carried(load: Load) -> str:
    """Its share of what was carried, for a person."""
    return f"{100 * load.share:.1f} %"


def _told(load: Load) -> list[tuple[str, str]]:
    return [
        ("attempts", f"{load.attempts:,}"),
        ("failed", f"{load.failed:,}"),
        ("throttled", f"{load.throttled:,}"),
        ("carried", carried(load)),
        ("peak", f"{load.peak:,}/s"),
    ]


def _loads(log: Log) -> tuple[Load, ...]:
    sent = Counter(story.carrier for story in log.stories if story.carrier is not None)
    names = dict.fromkeys([candidate.name for candidate in log.rules.candidates])
    asked: Counter[str] = Counter()
    failed: Counter[str] = Counter()
    throttled: Counter[str] = Counter()
    seconds: Counter[tuple[str, int]] = Counter()
    for attempt in log.attempts:
        asked[attempt.provider] += 1
        failed[attempt.provider] += attempt.failed
        throttled[attempt.provider] += attempt.outcome == "throttled"
        seconds[attempt.provider, int(attempt.began)] += 1
    return tuple(
        Load(
            name,
            asked[name],
            failed[name],
            throttled[name],
            sent[name] / max(1, sent.total()),
            max((count for (provider, _), count in seconds.items() if provider == name), default=0),
        )
        for name in names | dict.fromkeys(asked)
    )


def _absence(log: Log, watched: str, healed_at: float | None) -> tuple[int, float | None]:
    """(seconds away, seconds from healing to being back), from whom each message belongs to and who carried it."""
    start = 0.0 if healed_at is None else healed_at % 1.0  # a second begins with the healing
    own: Counter[int] = Counter()
    carried: Counter[int] = Counter()
    for story in log.stories:
        if story.carried_at is not None and home(story, log.rules) == watched:
            second = floor(story.carried_at - start)
            own[second] += 1
            carried[second] += story.carrier == watched
    there = sorted(second for second, count in own.items() if carried[second] >= BACK * count)
    healed = inf if healed_at is None else round(healed_at - start)
    back = next((second for second in there if second >= healed), None)
    return len(own) - len(there), None if back is None else float(back + 1 - healed)


def _percentile(ordered: list[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0
