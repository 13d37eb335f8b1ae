"""SPF (RFC 7208): which servers may use a domain as return path, and whether receivers can still work that out."""

import re
from collections.abc import Awaitable, Callable
from typing import Final, Literal

import msgspec

from posthouse.doctor.names import Texts, Unanswered

LOOKUPS: Final = 10
"""So many mechanisms may ask the DNS, those of includes counted; with one more the whole record counts for nothing."""

DEEP: Final = 30
"""Where counting stops: it is far too many already, or it goes round in circles."""

Ask = Callable[[str], Awaitable[Texts]]
"""name → its texts."""

_MECHANISM: Final = re.compile(r"([-+?~]?)(all|include|a|mx|ptr|ip4|ip6|exists)([:/].*)?", re.IGNORECASE)
_MODIFIER: Final = re.compile(r"([a-z][a-z0-9_.-]*)=(.*)", re.IGNORECASE)
_ASKS: Final = frozenset({"include", "a", "mx", "ptr", "exists"})


class Spf(msgspec.Struct, frozen=True):
    """What stands under a domain, read to its end.

    record: its text; None: there is none. everybody: what it says of those it does not name (`-`, `~`, `?`, `+`; None:
    nothing). includes: every domain it includes, at any depth. broken: why receivers take it for an error.
    """

    domain: str
    record: str | None = None
    everybody: Literal["-", "~", "?", "+"] | None = None
    lookups: int = 0
    includes: frozenset[str] = frozenset()
    broken: str | None = None


async def spf(domain: str, ask: Ask) -> Spf | Unanswered:
    """The domain's SPF, with all that it includes."""
    walk = _Walk(ask)
    await walk.read(domain, "")
    if walk.unanswered is not None:
        return walk.unanswered
    broken = walk.broken
    if broken is None and walk.lookups > LOOKUPS:
        more = "more than " if walk.lookups >= DEEP else ""
        broken = f"it takes {more}{walk.lookups} DNS lookups, and {LOOKUPS} are allowed"
    return Spf(domain, walk.record, walk.everybody, walk.lookups, frozenset(walk.includes), broken)


def records(texts: tuple[str, ...]) -> list[str]:
    """Those of the texts that are SPF records."""
    return [text for text in texts if text.lower() == "v=spf1" or text.lower().startswith("v=spf1 ")]


class _Walk:
    """One record and all that it refers to, in the order of the text."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self.record: str | None = None
        self.everybody: Literal["-", "~", "?", "+"] | None = None
        self.lookups = 0
        self.includes: set[str] = set()
        self.broken: str | None = None
        self.unanswered: Unanswered | None = None

    async def read(self, domain: str, by: str) -> None:
        """by: how one came here: `include:` or `redirect=` and the domain; empty at the beginning."""
        texts = await self._ask(domain)
        if isinstance(texts, Unanswered):
            self.unanswered = self.unanswered or texts
            return
        found = records(texts)
        if len(found) > 1:
            self._break(f"{by or domain} has {len(found)} SPF records, and one is allowed")
        elif not found and by:
            self._break(f"{by} names a domain without an SPF record")
        elif found:
            self.record = self.record if by else found[0]
            await self._terms(found[0].split()[1:], by)

    async def _terms(self, terms: list[str], by: str) -> None:
        includes = by.startswith("include:")
        redirect, ends = None, False
        for term in terms:
            mechanism = _MECHANISM.fullmatch(term)
            modifier = None if mechanism else _MODIFIER.fullmatch(term)
            if mechanism is not None:
                name = mechanism[2].lower()
                self.lookups += name in _ASKS
                if name == "all":
                    ends = True
                    self.everybody = self.everybody if includes else (mechanism[1] or "+")  # type: ignore[assignment]
                elif name == "include":
                    await self._include((mechanism[3] or "")[1:].lower())
            elif modifier is None:
                self._break(f"`{term[:60]}` is nothing that SPF knows")
            elif modifier[1].lower() == "redirect":
                redirect = modifier[2].lower()
        if redirect is not None and not ends:
            self.lookups += 1
            if self.lookups < DEEP and "%" not in redirect:
                await self.read(redirect, by if includes else f"redirect={redirect}")

    async def _include(self, domain: str) -> None:
        if not domain:
            self._break("`include` names no domain")
            return
        self.includes.add(domain)
        if self.lookups < DEEP and "%" not in domain:  # what a macro becomes depends on each message
            await self.read(domain, f"include:{domain}")

    def _break(self, why: str) -> None:
        self.broken = self.broken or why
