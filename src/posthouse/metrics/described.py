"""Every metric: its name, its labels, what it says. The scrape, the reference page and the tests are made from this."""

from typing import Final, Literal, get_args

import msgspec

from posthouse.mail.event import Status
from posthouse.routing.outcome import OutcomeKind

Kind = Literal["counter", "gauge", "histogram", "info"]

Among = Literal["sum", "most", "least", "newest"]
"""What is said of several processes together: the sum of their values, the largest, the smallest, or what the process
that looked last says of all of them (the store's own numbers, which every process sees alike)."""

ATTEMPT_S: Final = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
REQUEST_S: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0)
COMMIT_S: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0)
CANARY_S: Final = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 3600.0)
COMMIT_ITEMS: Final = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0)
"""Upper edges of the buckets."""

OUTCOMES: Final[tuple[OutcomeKind, ...]] = get_args(OutcomeKind)
ENDS: Final[tuple[Status, ...]] = ("sent", "failed", "expired", "cancelled", "suppressed", "held")
"""How handing over can end."""

CANARIES: Final[tuple[Status, ...]] = (*ENDS, "delivered", "bounced", "complained")
"""What can become of a canary."""

CIRCUIT: Final = {"closed": 0.0, "half-open": 1.0, "open": 2.0}

DOOR: Final = "http"
"""The door of the HTTP calls, whichever of them."""

OTHER_PATH: Final = "(other)"
"""The route of requests to paths that are in no table: strangers must not make labels."""

PAGE: Final = "(page)"
"""The route of what only browsers ask for: assets, sign-in, documentation."""


class Described(msgspec.Struct, frozen=True):
    """One metric. words: for the scrape and the page. among: see `Among`. edges: of a histogram's buckets."""

    name: str
    kind: Kind
    labels: tuple[str, ...]
    words: str
    among: Among = "sum"
    edges: tuple[float, ...] = ()


METRICS: Final[tuple[Described, ...]] = (
    Described(
        *("posthouse_accepted_total", "counter", ("pool", "door")),
        "Messages that are on disk and were answered for. A replay by Idempotency-Key is not counted again.",
    ),
    Described(
        *("posthouse_attempts_total", "counter", ("pool", "provider", "outcome")),
        "Attempts that ended: accepted, refused, deferred, throttled, unauthorised, or unsure.",
    ),
    Described(
        *("posthouse_attempt_seconds", "histogram", ("pool", "provider")),
        "From the beginning of an attempt to the provider's answer, as latency_ms of the message.",
        edges=ATTEMPT_S,
    ),
    Described(
        *("posthouse_ended_total", "counter", ("pool", "status")),
        "Messages whose handing over ended: sent, failed, expired, cancelled, suppressed, or held.",
    ),
    Described(
        *("posthouse_possible_duplicates_total", "counter", ("pool",)),
        "Attempts after a doubt that were accepted or ended in doubt again: each may be a second copy.",
    ),
    Described(
        *("posthouse_canary_total", "counter", ("pool", "provider", "outcome")),
        "What became of canaries, each a status of a message. One that was sent and then delivered is counted as both.",
    ),
    Described(
        *("posthouse_canary_seconds", "histogram", ("pool", "provider", "until")),
        "From handing a canary in until the provider accepted it, and until it was delivered, as the provider says.",
        edges=CANARY_S,
    ),
    Described(
        *("posthouse_canary_failures", "gauge", ("pool", "provider")),
        "How many canaries failed in a row; 0 where the last one got through. Unknown until the first has ended.",
        "most",
    ),
    Described(
        *("posthouse_canary_last_success_timestamp_seconds", "gauge", ("pool", "provider")),
        "When the provider accepted a canary last: seconds since the epoch.",
        "most",
    ),
    Described(
        *("posthouse_messages", "gauge", ("pool", "status")),
        "Messages that are not finished: scheduled, queued or sending. Counted anew at most as often as is cheap.",
        "newest",
    ),
    Described(
        *("posthouse_queue_oldest_seconds", "gauge", ("lane",)),
        "How long the oldest message has been due that nobody has in hand; 0 where none is.",
        "newest",
    ),
    Described(
        *("posthouse_breaker_state", "gauge", ("pool", "provider")),
        "The circuit of each provider that is enabled: 0 closed, 1 half-open, 2 open.",
        "most",
    ),
    Described(
        *("posthouse_provider_held", "gauge", ("pool", "provider")),
        "1 while an operator has the provider paused or drained, otherwise 0.",
        "most",
    ),
    Described(
        *("posthouse_provider_distrusted", "gauge", ("pool", "provider")),
        "1 while the provider is well enough to be used and comes after all others until it has proved itself, else 0.",
        "most",
    ),
    Described(
        *("posthouse_provider_score", "gauge", ("pool", "provider")),
        "The score of the provider at this moment, from 0 to 100.",
        "least",
    ),
    Described(
        *("posthouse_in_flight", "gauge", ("pool", "provider")),
        "Sends on their way to the provider.",
    ),
    Described(
        *("posthouse_quota_limit", "gauge", ("pool", "provider", "period")),
        "The provider's quota of a day or a month (UTC), where it has one.",
        "most",
    ),
    Described(
        *("posthouse_quota_left", "gauge", ("pool", "provider", "period")),
        "How many sends the quota of the day or the month leaves.",
        "least",
    ),
    Described(
        *("posthouse_quota_reset_timestamp_seconds", "gauge", ("period",)),
        "When the day and the month end, and quotas begin anew: seconds since the epoch.",
        "most",
    ),
    Described(
        *("posthouse_store_up", "gauge", ()),
        "1 where the store could be read for this scrape, otherwise 0.",
        "least",
    ),
    Described(
        *("posthouse_store_commit_seconds", "histogram", ()),
        "How long a transaction took until it was on disk.",
        edges=COMMIT_S,
    ),
    Described(
        *("posthouse_store_commit_items", "histogram", ()),
        "How many changes shared one transaction.",
        edges=COMMIT_ITEMS,
    ),
    Described(
        *("posthouse_http_requests_total", "counter", ("route", "status")),
        f"Requests answered, by the pattern of their path; {OTHER_PATH} for paths that do not exist.",
    ),
    Described(
        *("posthouse_http_request_seconds", "histogram", ()),
        "From the head of a request to its answer; calls with Prefer: wait take as long as they wait.",
        edges=REQUEST_S,
    ),
    Described(
        *("posthouse_config_reload_failed", "gauge", ()),
        "1 while the configuration that was read last is broken and the one before is in force, otherwise 0.",
        "most",
    ),
    Described(
        *("posthouse_build_info", "info", ("version",)),
        "The version that runs.",
        "most",
    ),
)

NAMED: Final = {metric.name: metric for metric in METRICS}
