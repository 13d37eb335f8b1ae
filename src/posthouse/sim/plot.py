"""A run as a picture: who carried the traffic, how the scores moved, when the circuits were open.

matplotlib is only imported here, and only when a picture is wanted: it comes with the extra `sim`.
"""

from collections import Counter
from io import BytesIO
from typing import TYPE_CHECKING, Any, Final, Literal

from posthouse.sim.log import Log

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLOURS: Final = ("#3060a0", "#d08020", "#409060", "#a04060", "#706090", "#808080")
CIRCUITS: Final = {"closed": "#cfe5cf", "distrusted": "#90b0e0", "half-open": "#f0d080", "open": "#d06050"}
BINS: Final = 180
DPI: Final = 96


class NoPlots(Exception):
    """matplotlib is not installed; the text says how to get it."""


def picture(log: Log, title: str, lasts_s: float, form: Literal["png", "svg"]) -> bytes:
    """The picture's file. The same log gives the same bytes with the same matplotlib. NoPlots without it."""
    try:
        import matplotlib as mpl
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as error:
        raise NoPlots("plots need matplotlib, which comes with the extra: pip install 'posthouse[sim]'") from error
    names = [candidate.name for candidate in log.rules.candidates]
    with mpl.rc_context({"svg.hashsalt": "posthouse", "svg.fonttype": "none", "font.size": 9}):
        figure = Figure(figsize=(9.0, 5.2), layout="constrained")
        canvas = FigureCanvasAgg(figure)
        traffic, scores, circuits = figure.subplots(3, 1, sharex=True, height_ratios=(3, 3, 0.5 + 0.4 * len(names)))
        figure.suptitle(title)
        _traffic(traffic, log, names, lasts_s)
        _scores(scores, log, names)
        _circuits(circuits, log, names, lasts_s)
        for axes in (traffic, scores):
            axes.grid(alpha=0.3)
            axes.spines[["top", "right"]].set_visible(False)
        file = BytesIO()
        metadata: dict[str, Any] = {"Date": None} if form == "svg" else {"Software": None}
        canvas.figure.savefig(file, format=form, dpi=DPI, metadata=metadata)
    return file.getvalue()


def _traffic(axes: "Axes", log: Log, names: list[str], lasts_s: float) -> None:
    """Attempts per second, and the failed ones among them."""
    width_s = lasts_s / BINS
    begun = Counter((attempt.provider, int(attempt.began / width_s)) for attempt in log.attempts)
    failed = Counter(int(attempt.began / width_s) for attempt in log.attempts if attempt.failed)
    middles = [(number + 0.5) * width_s for number in range(BINS)]
    for place, name in enumerate(names):
        per_s = [begun[name, number] / width_s for number in range(BINS)]
        axes.plot(middles, per_s, color=COLOURS[place % len(COLOURS)], label=name, linewidth=1.2)
    axes.fill_between(middles, [failed[number] / width_s for number in range(BINS)], color="#c02020", label="failed")
    axes.set_ylabel("attempts/s")
    axes.set_ylim(0, 1.3 * axes.get_ylim()[1])  # room for the legend
    axes.legend(loc="upper right", frameon=False, ncols=len(names) + 1)


def _scores(axes: "Axes", log: Log, names: list[str]) -> None:
    times = [sample.at for sample in log.samples]
    for place, name in enumerate(names):
        axes.plot(times, [s.scores[name] for s in log.samples], color=COLOURS[place % len(COLOURS)], linewidth=1.2)
    axes.set_ylabel("score")
    axes.set_ylim(bottom=0)


def _circuits(axes: "Axes", log: Log, names: list[str], lasts_s: float) -> None:
    """One bar a provider, coloured by the state of its circuit."""
    step_s = lasts_s / max(1, len(log.samples) - 1)
    for row, name in enumerate(names):
        for state, colour in CIRCUITS.items():
            spans = [(sample.at, step_s) for sample in log.samples if sample.circuits[name] == state]
            axes.broken_barh(spans, (row - 0.4, 0.8), color=colour, linewidth=0)
    axes.set_yticks(range(len(names)), [f"{name}: circuit" for name in names])
    axes.invert_yaxis()
    axes.set_xlim(0, lasts_s)
    axes.set_xlabel("seconds; circuit: green closed, blue closed and distrusted, yellow ready for a probe, red open")
