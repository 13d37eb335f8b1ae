"""Whether a request would rather have a page than JSON."""

import re
from typing import Final

_QUALITY: Final = re.compile(r"(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)")

PATHS: Final = ("/assets/", "/docs", "/session")
"""How the paths begin that only the pages have: they are none of the API's, and are pages to everybody."""

PAGE: Final = ("text/html", "text/*", "*/*")
JSON: Final = ("application/json", "application/*", "*/*")
PROBLEM: Final = ("application/problem+json", "application/*", "*/*")


def wants_page(accept: bytes | None) -> bool:
    """Whether `Accept` prefers text/html. Where it leaves the choice to us, as `*/*` and silence do, it is JSON."""
    if accept is None or b"text/" not in accept.lower():
        return False
    asked = _asked(accept.decode("latin-1"))
    page = _liking(asked, PAGE)
    return page[0] > 0 and page > max(_liking(asked, JSON), _liking(asked, PROBLEM))


def _liking(asked: dict[str, float], names: tuple[str, ...]) -> tuple[float, int]:
    """(quality, how exactly it was named) of the most exact range that covers a media type."""
    return next(((asked[name], len(names) - place) for place, name in enumerate(names) if name in asked), (0.0, 0))


def _asked(accept: str) -> dict[str, float]:
    """Media range → quality. A range whose quality is none is passed over, and so is one of a special version."""
    asked: dict[str, float] = {}
    for one in accept.lower().split(","):
        name, *parameters = (part.strip() for part in one.split(";"))
        quality = "1"
        for parameter in parameters:
            key, _, value = parameter.partition("=")
            if key.strip() == "q":
                quality = value.strip()
                break
        if _QUALITY.fullmatch(quality):
            asked[name] = max(asked.get(name, 0.0), float(quality))
    return asked
