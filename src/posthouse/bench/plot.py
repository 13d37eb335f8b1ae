"""A report as a picture: bars are medians, whiskers reach from the least to the greatest.

matplotlib is only imported here, and only when a picture is wanted: it comes with the extra `sim`.
"""

from io import BytesIO
from typing import TYPE_CHECKING, Any, Final, Literal

from posthouse.bench.report import Report

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLOURS: Final = {"posthouse": "#3060a0", "bare": "#b0b8c4", "postfix": "#d08020"}
DPI: Final = 96
PANELS: Final = (
    ("delivered_per_s", "delivered/s, accepting at the same time"),
    ("half_p99_ms", "accept p99 at half of that, open loop, ms"),
    ("cpu_us", "processor time a message, µs; hatched: PostgreSQL's"),
)


class NoPlots(Exception):
    """matplotlib is not installed; the text says how to get it."""


def picture(report: Report, form: Literal["png", "svg"]) -> bytes:
    """The picture's file. The same report gives the same bytes with the same matplotlib. NoPlots without it."""
    try:
        import matplotlib as mpl
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as error:
        raise NoPlots("plots need matplotlib, which comes with the extra: pip install 'posthouse[sim]'") from error
    names = [name for name in report.names if name not in report.missing]
    with mpl.rc_context({"svg.hashsalt": "posthouse", "svg.fonttype": "none", "font.size": 9}):
        figure = Figure(figsize=(9.0, 1.3 + 0.32 * len(names) * len(PANELS)), layout="constrained")
        canvas = FigureCanvasAgg(figure)
        figure.suptitle(f"{report.date}: {report.machine.cores} cores, loopback, {report.connections} connections")
        panels = figure.subplots(len(PANELS), 1, squeeze=False)[:, 0]
        for axes, (measure, title) in zip(panels, PANELS, strict=True):
            _bars(axes, report, names, measure, title)
        file = BytesIO()
        metadata: dict[str, Any] = {"Date": None} if form == "svg" else {"Software": None}
        canvas.figure.savefig(file, format=form, dpi=DPI, metadata=metadata)
    return file.getvalue()


def _bars(axes: "Axes", report: Report, names: list[str], measure: str, title: str) -> None:
    for row, name in enumerate(names):
        found = report.span(name, measure)
        if found is None:
            axes.text(0, row, " cannot be told", va="center", color="#808080")
            continue
        low, middle, high = found
        colour = COLOURS[name.partition(" ")[0]]
        axes.barh(row, middle, color=colour, xerr=[[middle - low], [high - middle]], ecolor="#404040", capsize=2)
        apart = report.span(name, "database_cpu_us") if measure == "cpu_us" else None
        if apart is not None:
            axes.barh(row, apart[1], left=middle, color="white", edgecolor=colour, hatch="////")
        end = max(high, middle + (apart[1] if apart else 0))
        axes.annotate(f"{middle:,.0f}" if middle >= 100 else f"{middle:.3g}", (end, row), (4, 0), va="center",
                      textcoords="offset points")  # fmt: skip
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.set_title(title, loc="left", fontsize=9)
    axes.set_xlim(0, 1.08 * axes.get_xlim()[1])
    axes.grid(axis="x", alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
