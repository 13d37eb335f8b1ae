"""A report for people: a table for a terminal, lines for a pipe, a section for a page."""

from collections.abc import Iterator
from typing import Final

from rich.box import SIMPLE_HEAD
from rich.table import Table

from posthouse.bench.report import COLD, MEASURES, POSTFIX, Report, Span, ceiling, conditions, verdicts

COLUMNS: Final = {
    "accepted_per_s": "accepted/s",
    "delivered_per_s": "delivered/s",
    "p99_ms": "p99 ms",
    "half_p99_ms": "half p99",
    "cpu_us": "CPU us",
    "peak_mib": "MiB",
}
"""What there is room for in 80 columns."""

DELIVERED: Final = "delivered_per_s"


def number(value: float) -> str:
    """Three digits where it is small, whole where it is not."""
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"


def spread(found: Span) -> str:
    """Half of the way from the least to the greatest, in parts of the median; empty where they are one."""
    low, middle, high = found
    return f"±{(high - low) / 2 / middle:.0%}" if middle and high > low else ""


def table(report: Report) -> Table:
    """For a terminal of 80 columns: medians, and below them how far the rounds lie apart."""
    shown = Table(
        title=str(report.machine), caption=conditions(report), title_justify="left", caption_justify="left",
        box=SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False,
    )  # fmt: skip
    shown.add_column("median", no_wrap=True)
    for title in (*COLUMNS.values(), "ceiling"):
        shown.add_column(title, justify="right")
    for name in report.names:
        what, _, where = name.partition(" ")
        spans = [report.span(name, figure) for figure in COLUMNS]
        spans.append(report.ratio(name, ceiling(name), DELIVERED))
        cells = [f"{number(found[1])}\n[dim]{spread(found)}[/]" if found else "" for found in spans]
        shown.add_row(f"{what}\n[dim]{where}[/]", *cells)
    return shown


def remarks(report: Report) -> Iterator[str]:
    """What stands below the table: who is missing, and the goals."""
    for name, why in report.missing.items():
        yield f"{name}: not measured: {why}"
    for verdict in verdicts(report):
        yield f"{verdict.goal}: {number(verdict.seen)}, {'met' if verdict.met else 'missed'}"


def lines(report: Report) -> Iterator[str]:
    """For a pipe: one figure of one server a line: least, median, greatest, and the ratio to its ceiling."""
    yield str(report.machine)
    yield conditions(report)
    for name in report.names:
        for figure, title in MEASURES.items():
            found, ratio = report.span(name, figure), report.ratio(name, ceiling(name), figure)
            if found is not None:
                told = "" if ratio is None else "\tratio " + "/".join(map(number, ratio))
                yield f"{name}\t{title}\t{'/'.join(map(number, found))}{told}"
    yield from remarks(report)


BEGIN: Final = "<!-- measured: written by `make bench ARGS='--write docs'`, from performance.json -->"
END: Final = "<!-- measured: end -->"

PAGE: Final = (
    "accepted_per_s", "delivered_per_s", "p50_ms", "p99_ms", "half_p50_ms", "half_p99_ms", "cpu_us",
    "database_cpu_us", "disk_bytes", "log_bytes", "peak_mib", COLD,
)  # fmt: skip


def grouped(value: float) -> str:
    """As `number`, with thousands apart."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def cell(found: Span | None) -> str:
    """The median, with least and greatest where they differ from it."""
    if found is None:
        return ""
    low, middle, high = map(grouped, found)
    return middle if low == high else f"**{middle}** ({low}–{high})"


def section(report: Report) -> str:
    """The measured part of docs/performance.md."""
    shown = [name for name in report.names if name not in report.missing]
    text = [f"`{report.command}`, {report.date}: {report.machine}.", f"{conditions(report)}.".capitalize(), ""]
    text += ["| median (least–greatest) | " + " | ".join(shown) + " |", "|---|" + "---|" * len(shown)]
    for figure in PAGE:
        cells = [cell(report.span(name, figure)) for name in shown]
        if any(cells):
            text.append(f"| {MEASURES[figure]} | " + " | ".join(cells) + " |")
    for title, over in (("delivered, over its ceiling", ceiling), ("delivered, over Postfix", lambda name: POSTFIX)):
        ratios = [report.ratio(name, over(name), DELIVERED) if name != POSTFIX else None for name in shown]
        if any(ratios):
            text.append(f"| {title} | " + " | ".join(map(cell, ratios)) + " |")
    text += ["", "| goal | seen | |", "|---|---|---|"]
    text += [f"| {v.goal} | {grouped(v.seen)} | {'met' if v.met else '**missed**'} |" for v in verdicts(report)]
    text += [f"\n{name} was not measured: {why}." for name, why in report.missing.items()]
    return "\n".join(text) + "\n"


def written(page: str, report: Report) -> str:
    """The page with its measured part replaced. ValueError where it has no place for one."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"expected the lines {BEGIN} and {END}")
    return f"{before}{BEGIN}\n\n{section(report)}\n{END}{after}"
