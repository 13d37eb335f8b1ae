"""docs/reference/providers.md: what each provider can carry, its limits, its settings and its quirks."""

import sys
from typing import Final

from forms import TOP, code, joined, table

from posthouse.cli.providers import MEGABYTE, settings
from posthouse.providers.base import Spec
from posthouse.providers.catalogue import SPECS
from posthouse.routing.capability import Can

HEAD: Final = """
# Providers

A message that needs what a provider cannot carry is never sent without it: routing passes that provider over and says
so (`posthouse explain`). `posthouse providers` prints the same.
"""

BESIDE: Final = """
Beside its own settings every provider takes those that all have, such as `order`, `rate` and `timeout_s`:
[`pools.DOMAIN.providers.NAME`](configuration.md#poolsdomainprovidersname). Its `type` is its name unless said, so that
one type can be there twice. A provider of your own is a Python module, found through the entry-point group
`posthouse.providers`.
"""

FEATURES: Final[dict[str, str]] = {
    "cc": "copies",
    "bcc": "hidden copies",
    "reply_to": "an address for answers",
    "many_reply_to": "several of them",
    "headers": "headers of the sender's own",
    "attachments": "attachments",
    "inline": "images inside the HTML",
    "tags": "tags",
    "metadata": "metadata",
    "text_only": "text without HTML",
    "international": "local parts outside ASCII",
}


def page() -> str:
    return joined([TOP + HEAD, _matrix(), BESIDE, *(_provider(spec) for spec in SPECS.values())])


def _matrix() -> str:
    rows = [
        (code(can), FEATURES[can], *("yes" if can in spec.can.names() else "no" for spec in SPECS.values()))
        for can in Can(sum(Can)).names()
    ]
    size = ("", "size of the whole message, encoded", *(f"{spec.max_bytes / MEGABYTE:g} MB" for spec in SPECS.values()))
    people = ("", "recipients", *(spec.max_recipients for spec in SPECS.values()))
    again = (
        "",
        "knows a repeated send",
        *(f"{spec.dedupes_s:g} s" if spec.dedupes_s else "no" for spec in SPECS.values()),
    )
    return table(("feature", "", *(f"[{name}](#{name})" for name in SPECS)), [*rows, size, people, again])


def _provider(spec: Spec) -> str:
    rows = (
        (
            code(row.path.rpartition(".")[2]),
            row.expected,
            "required" if row.required else code(row.default),
            code(spec.env.get(row.path.rpartition(".")[2])),
            row.description,
        )
        for row in settings(spec)
    )
    words = sys.modules[spec.settings.__module__].__doc__ or ""
    head = ("setting", "expected", "default", "variable", "what")
    return joined([f"## {spec.name}", f"**{spec.title}.** {_linked(words)}", table(head, rows)])


def _linked(words: str) -> str:
    """A docstring as Markdown: addresses become links."""
    return "\n".join(
        f"<{word}>{rest}" if (word := line.split(" ")[0]).startswith("https://") else line
        for line in words.strip().splitlines()
        for rest in [line.removeprefix(line.split(" ")[0])]
    )
