"""The load on a server that runs already: who may be loaded, and what came of it."""

from ipaddress import ip_address
from urllib.parse import urlsplit

from posthouse.bench.load import Load, Plan


class Refused(ValueError):
    """This target is not loaded; the text says why."""


def aimed(target: str, really: str | None, key: str, plan: Plan) -> Plan:
    """The plan with its target. Refused for what is no URL, and for one beyond this machine that is not named twice."""
    try:
        parts = urlsplit(target)
        port = parts.port
    except ValueError as error:
        raise Refused(f"{target} is no URL: {error}") from None
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment or parts.username:
        raise Refused(f"expected http://HOST:PORT or https://HOST:PORT, got {target}")
    if really is not None and really != target:
        raise Refused(f"--target names {target} and --really names {really}: expected the same URL twice")
    if really is None and not loopback(parts.hostname):
        raise Refused(
            f"{target} is not on this machine. A load test can do harm and send real mail; where it is yours to load, "
            f"name it twice: --target {target} --really {target}"
        )
    if any(char in key for char in "\r\n") or not key.isascii():
        raise Refused("expected a key of plain ASCII on one line")
    tls = parts.scheme == "https"
    return Plan(
        port=port or (443 if tls else 80),
        key=key,
        connections=plan.connections,
        seconds=plan.seconds,
        rate=plan.rate,
        host=parts.hostname,
        tls=tls,
        path=f"{parts.path.rstrip('/')}/email",
        sender=plan.sender,
    )


def loopback(host: str) -> bool:
    """Whether it is this machine, by its name or address alone: names are not looked up, they may answer anything."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def told(load: Load, plan: Plan) -> list[str]:
    """What came of it, a line each."""
    loop = f"open loop, {plan.rate:g}/s due" if plan.rate is not None else "closed loop"
    text = [
        f"{plan.connections} connections, {plan.seconds:g} s, {loop}",
        f"accepted/s\t{load.rate:.0f}\t({load.accepted} in {load.seconds:.2f} s)",
        f"latency ms\tp50 {load.p50_ms:.1f}, p90 {load.p90_ms:.1f}, p99 {load.p99_ms:.1f}, p99.9 {load.p999_ms:.1f}, "
        f"max {load.max_ms:.1f}",
    ]
    text += [f"status {status}\t{count}" for status, count in sorted(load.statuses.items())]
    if load.lost:
        text.append(f"no answer\t{load.lost}")
    if load.late:
        text.append(f"due and never sent\t{load.late}")
    return text
