"""Checks a built site: `python docs/make/links.py build/site`.

Every link inside of it must lead to a page that is there, and to an anchor that is there; nothing that a page is made
of may come from another host. Links that lead elsewhere are listed, and not asked. Exit 1 where anything is wrong.
"""

import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import unquote, urlsplit

PARTS: Final = {"script": "src", "img": "src", "link": "href", "iframe": "src", "source": "src", "video": "src"}
"""What a browser fetches to show a page: element → its attribute."""

NAMES: Final = frozenset({"alternate", "canonical", "next", "prev"})
"""Relations of a `link` that only name another page."""


class Link(NamedTuple):
    page: Path
    target: str
    fetched: bool
    """Whether the browser fetches it without being asked to."""


class Page(HTMLParser):
    """What one page links to, and which anchors it has."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path, self.links, self.anchors = path, list[Link](), {""}
        self.feed(path.read_text("utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.anchors |= {given[name] for name in ("id", "name") if name in given}
        if tag == "a" and "href" in given:
            self.links.append(Link(self.path, given["href"], fetched=False))
        elif tag in PARTS and PARTS[tag] in given and given.get("rel") not in NAMES:
            self.links.append(Link(self.path, given[PARTS[tag]], fetched=True))


def pages(site: Path) -> dict[Path, Page]:
    return {path: Page(path) for path in sorted(site.rglob("*.html"))}


def wrong(site: Path, found: dict[Path, Page]) -> Iterator[str]:
    """Each link that leads nowhere, and each part of a page that another host would be asked for."""
    for link in (link for page in found.values() for link in page.links):
        place = link.page.relative_to(site)
        if elsewhere(link):
            if link.fetched:
                yield f"{place}: fetches {link.target}"
            continue
        parts = urlsplit(link.target)
        target = _target(site, link.page, unquote(parts.path))
        if not target.is_file():
            yield f"{place}: no page {link.target}"
        elif target in found and unquote(parts.fragment) not in found[target].anchors:
            yield f"{place}: no anchor {link.target}"


def elsewhere(link: Link) -> bool:
    parts = urlsplit(link.target)
    return bool(parts.netloc) or parts.scheme in ("http", "https", "mailto")


def _target(site: Path, page: Path, path: str) -> Path:
    """The file behind a path. The page for what is not found may stand anywhere, so it counts from the top."""
    start = site if path.startswith("/") else page.parent
    target = (start / path.lstrip("/")).resolve() if path else page
    return target / "index.html" if target.is_dir() else target


def main(site: Path) -> int:
    found = pages(site)
    links = [link for page in found.values() for link in page.links]
    outside = sorted({link.target for link in links if elsewhere(link)})
    errors = sorted(set(wrong(site, found)))
    sys.stdout.write("".join(f"{line}\n" for line in [*outside, *errors]))
    sys.stdout.write(f"{len(found)} pages, {len(links)} links, {len(outside)} places elsewhere, {len(errors)} wrong\n")
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).resolve()))
