"""The reference page of the metrics: `python -m posthouse.metrics.reference > docs/reference/metrics.md`."""

from typing import Final

from posthouse.metrics.described import METRICS, Among, Described

HEAD: Final = """\
# Metrics

<!-- Made by `python -m posthouse.metrics.reference`; do not edit. -->

`GET /metrics` gives them in Prometheus's text format, or in OpenMetrics where `Accept` prefers that. While Posthouse
listens on a loopback address only, whoever is on the machine may ask without a key: pool names are the names of your
tenants, and nobody else is to read them. Everybody else shows an administrator's key, as `authorization` in the
scrape configuration of Prometheus. A call that a proxy passed on (`Forwarded`, `X-Forwarded-For`, `X-Real-IP` or
`Via`) always needs the key; a reverse proxy on the same machine must set one of these, or keep `/metrics` to itself.

Labels are bounded: pools and providers come from the configuration, `route` is the pattern of a path in the table of
calls. No label holds an address, an id or anything else of a message.

The dashboard is `deploy/grafana/posthouse.json`, the alerts are `deploy/prometheus/alerts.yml`, and
`deploy/prometheus/prometheus.yml` shows how to scrape.

| metric | kind | labels | says | several processes |
|---|---|---|---|---|
"""

TOGETHER: Final[dict[Among, str]] = {
    "sum": "sum",
    "most": "the largest",
    "least": "the smallest",
    "newest": "the store's: alike in all",
}

TAIL: Final = """
## Reading them

- `posthouse_messages` and `posthouse_queue_oldest_seconds` are the store's. Nodes that share one PostgreSQL tell the
  same numbers: take `max by (pool, status)` and not the sum.
- `posthouse_messages` is counted by walking over what is unfinished. It is counted again only when twenty times as
  long as that took has gone by, so that a million waiting messages do not make it slow.
- Counters begin at 0 with each start of a process. `rate` and `increase` know that.
- `posthouse_attempts_total` counts what a process saw end. An attempt that a crash cut off is counted as `unsure` by
  the process that takes it up; it has no part in `posthouse_attempt_seconds`.
- `posthouse_http_requests_total` leaves out what was no HTTP, or whose head came too slowly or was too large.
- Canaries are in every figure of attempts and ends. `posthouse_accepted_total` leaves them out: nobody handed them in.
- A copy in a `posthouse_possible_duplicates_total` is possible, not proven: the answer of an earlier attempt was lost.
"""


def page() -> str:
    """The page, in Markdown."""
    return HEAD + "".join(_row(metric) for metric in METRICS) + _buckets() + TAIL


def _row(metric: Described) -> str:
    labels = ", ".join(f"`{label}`" for label in metric.labels)
    return f"| `{metric.name}` | {metric.kind} | {labels} | {metric.words} | {TOGETHER[metric.among]} |\n"


def _buckets() -> str:
    lines = [
        f"- `{metric.name}`: {', '.join(f'{edge:g}' for edge in metric.edges)}\n"
        for metric in METRICS
        if metric.kind == "histogram"
    ]
    return "\nUpper edges of the buckets of the histograms:\n\n" + "".join(lines)


if __name__ == "__main__":
    print(page(), end="")  # noqa: T201
