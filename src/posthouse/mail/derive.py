"""Makes the part of a body that was not given: HTML from Markdown, plain text from HTML.

Both read what strangers wrote. The text renderer is our own because it must cost no more than the HTML is long:
inscriptis 2.7 makes 500 MB of text from 190 KB of HTML (a wide table, a large padding), nothing at all from
20,000 nested elements, and raises on an endless CSS length (tried 2026-11).
"""

import re
from functools import cache
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from markdown_it import MarkdownIt

HTML_MAX: Final = 500_000
"""Characters of HTML from which text is still made: about 0.2 s for the worst of them."""

_PARAGRAPHS: Final = frozenset(
    {
        *("p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "dl", "pre", "blockquote"),
        *("table", "hr", "figure", "form", "fieldset"),
    }
)
_LINES: Final = frozenset(
    {
        *("div", "tr", "li", "dt", "dd", "section", "article", "header", "footer", "nav", "main", "aside"),
        *("address", "center", "caption", "figcaption", "legend"),
    }
)
_HIDDEN: Final = frozenset(
    {"head", "script", "style", "title", "template", "noscript", "svg", "object", "iframe", "select", "textarea"}
)
_LINKS: Final = ("http://", "https://", "mailto:", "tel:")
_DEEPEST: Final = 8  # levels of lists and quotes that still indent
_LINK_PIECES: Final = 50  # of a link's words, enough to see whether they are its address
_not_displayed = re.compile(r"display\s*:\s*none", re.IGNORECASE).search


def html_from_markdown(markdown: str) -> str:
    """The HTML of CommonMark with tables and strikethrough. HTML inside the Markdown is shown, not obeyed."""
    rendered: str = _renderer().render(markdown)
    return rendered


def text_from_html(html: str) -> str | None:
    """What the HTML says, as plain text: blocks on lines of their own, links as `words (https://…)`, lists with marks.

    None where the HTML is longer than `HTML_MAX`, or is none at all. Linear in the length, whatever it holds.
    """
    if len(html) > HTML_MAX:
        return None
    from lxml import etree  # 60 ms, and most messages bring their own text

    page = _Page()
    parser = etree.HTMLParser(target=page, encoding="utf-8", no_network=True)
    try:
        parser.feed(html.encode())
        parser.close()
    except etree.LxmlError:
        return None
    return page.text()


@cache
def _renderer() -> "MarkdownIt":
    from markdown_it import MarkdownIt  # 60 ms, paid by the first message in Markdown

    return MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])


class _Page:
    """Collects the text of a page from the parser's events, one line at a time."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.line: list[str] = []
        self.hidden = 0  # how deep inside an element that is not shown
        self.verbatim = 0  # how deep inside <pre>
        self.quotes = 0
        self.mark = ""  # of the list item whose first line has not come yet
        self.lists: list[int | None] = []  # the next number of each open list, None for bullets
        self.links: list[tuple[str, int]] = []

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if self.hidden or tag in _HIDDEN or _is_hidden(attributes):
            self.hidden += 1
            return
        if tag in _PARAGRAPHS:
            self._end_paragraph()
        elif tag in _LINES:
            self._end_line()
        match tag:
            case "pre":
                self.verbatim += 1
            case "blockquote":
                self.quotes += 1
            case "ul" | "ol":
                self.lists.append(1 if tag == "ol" else None)
            case "li":
                self.mark = self._next_mark()
            case "td" | "th":
                self.line.append(" ")
            case "br":
                self._break()
            case "hr":
                self.line.append("---")
            case "img":
                self.line.append(attributes.get("alt", ""))
            case "a":
                self.links.append((attributes.get("href", "").strip(), len(self.line)))

    def end(self, tag: str) -> None:
        if self.hidden:
            self.hidden -= 1
            return
        if tag == "a" and self.links:
            self._close_link(*self.links.pop())
        if tag in _PARAGRAPHS:
            self._end_paragraph()
        elif tag in _LINES:
            self._end_line()
        match tag:
            case "pre":
                self.verbatim -= 1
            case "blockquote":
                self.quotes -= 1
            case "ul" | "ol" if self.lists:
                self.lists.pop()

    def data(self, text: str) -> None:
        if self.hidden:
            return
        if not self.verbatim:
            self.line.append(text)
            return
        first, *rest = text.split("\n")
        self.line.append(first)
        for one in rest:
            self._break()
            self.line.append(one)

    def comment(self, text: str) -> None:
        """Not part of what the page says."""

    def close(self) -> None:
        self._end_line()

    def text(self) -> str:
        return "\n".join(self.lines).strip("\n")

    def _next_mark(self) -> str:
        number = self.lists[-1] if self.lists else None
        if number is None:
            return "* "
        self.lists[-1] = number + 1
        return f"{number}. "

    def _close_link(self, href: str, since: int) -> None:
        words = "".join(self.line[since : since + _LINK_PIECES]).strip()
        if href.startswith(_LINKS) and href not in (words, f"mailto:{words}", f"tel:{words}"):
            self.line.append(f" ({href})" if words else href)

    def _end_line(self) -> None:
        if self.line:
            self._break(keep_empty=False)

    def _end_paragraph(self) -> None:
        self._end_line()
        if self.lines and self.lines[-1]:
            self.lines.append("")

    def _break(self, keep_empty: bool = True) -> None:
        text = "".join(self.line).replace("\xa0", " ")
        text = text.rstrip() if self.verbatim else " ".join(text.split())
        self.line.clear()
        if text:
            indent = "  " * min(len(self.lists) - 1, _DEEPEST)
            self.lines.append("> " * min(self.quotes, _DEEPEST) + indent + self.mark + text)
            self.mark = ""
        elif keep_empty and self.lines and (self.lines[-1] or self.verbatim):
            self.lines.append("")


def _is_hidden(attributes: Any) -> bool:
    return "hidden" in attributes or ("style" in attributes and _not_displayed(attributes["style"]) is not None)
