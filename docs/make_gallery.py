"""Makes the tables and pictures of docs/simulator.md afresh: python docs/make_gallery.py [--tables].

In the page a table stands between `<!-- table NAME -->` and `<!-- end -->`; what is around it is written by hand.
"""

import re
import sys
from pathlib import Path

from posthouse.cli.simulate import built_in, played
from posthouse.sim.plot import picture
from posthouse.sim.report import Report, loads, summary

PAGE = Path(__file__).parent / "simulator.md"
PICTURES = Path(__file__).parent / "pictures"
SEED = 1

BLOCK = re.compile(r"(<!-- table (?P<name>[a-z-]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def table(report: Report, beside: Report | None = None) -> str:
    """The figures as Markdown; beside: the same scenario under micromailer's rule."""
    rows = summary(report)
    lines = ["| | Posthouse | micromailer |", "|---|---|---|"] if beside else ["| | |", "|---|---|"]
    other = dict(summary(beside)) if beside else {}
    lines += [f"| {name} | {value} |" + (f" {other[name]} |" if beside else "") for name, value in rows]
    heads = [what for what, _ in loads(report)[0][1]]
    lines += ["", "| provider | " + " | ".join(heads) + " |", "|---|" + "---:|" * len(heads)]
    lines += [f"| {provider} | " + " | ".join(value for _, value in told) + " |" for provider, told in loads(report)]
    return "\n".join(lines) + "\n"


def tables(text: str) -> str:
    """The page with every table made afresh."""
    scenarios = built_in()

    def made(match: re.Match[str]) -> str:
        scenario = scenarios[match["name"]]
        _, report = played(scenario, SEED)
        beside = played(scenario, SEED, "micromailer")[1] if match["name"] in ("outage", "half", "random") else None
        return f"{match[1]}\n{table(report, beside)}\n{match[3]}"

    return BLOCK.sub(made, text)


def main() -> None:
    PAGE.write_text(tables(PAGE.read_text("utf-8")), "utf-8")
    if "--tables" in sys.argv:
        return
    PICTURES.mkdir(exist_ok=True)
    for name, scenario in built_in().items():
        log, _ = played(scenario, SEED)
        (PICTURES / f"{name}.png").write_bytes(picture(log, scenario.about, scenario.lasts, "png"))


if __name__ == "__main__":
    main()
