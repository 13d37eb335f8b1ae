"""What one look at one thing came to."""

from collections.abc import Iterable
from typing import Final, Literal

import msgspec

Value = Literal["ok", "warn", "fail", "skipped"]

ORDER: Final[tuple[Value, ...]] = ("fail", "warn", "skipped", "ok")


class Finding(msgspec.Struct, frozen=True):
    """value: ok; warn: it works, and somebody should see it; fail: mail is lost, refused or not believed; skipped.

    check: what was looked at. subject: of what: a domain, a provider, a file. seen: what was there, or why nobody
    looked. advice: what to do; empty where there is nothing to do.
    """

    value: Value
    check: str
    subject: str
    seen: str
    advice: str = ""


def counts(findings: Iterable[Finding]) -> dict[Value, int]:
    """How many there are of each value."""
    values = [finding.value for finding in findings]
    return {value: values.count(value) for value in ORDER}
