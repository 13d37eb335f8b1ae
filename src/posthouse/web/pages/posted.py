"""What a browser's form says, and the call that it means.

A form can only GET and POST, and its fields are never left out. Names that begin with `_` are the page's own: `_token`
shows that the page is ours, `_method` is the method meant, `_wait` and `_once` become the headers `Prefer` and
`Idempotency-Key`, `_raw` is the whole body, `_to` the page to go to.
"""

from typing import Final
from urllib.parse import parse_qsl, urlencode

import msgspec

from posthouse.web.answer import Refused, problem
from posthouse.web.form import FIELDS_MAX, LISTS
from posthouse.web.request import Headers

FORM: Final = b"application/x-www-form-urlencoded"

METHODS: Final = ("POST", "PUT", "DELETE")


class Posted(msgspec.Struct, frozen=True):
    """A form as it was sent. own: the page's own fields, without `_`; values: all others that are not empty."""

    own: dict[str, str]
    values: tuple[tuple[str, str], ...]

    @property
    def method(self) -> str:
        meant = self.own.get("method", "POST")
        return meant if meant in METHODS else "POST"

    @property
    def shown(self) -> dict[str, str]:
        """Field → what stood in it."""
        shown: dict[str, str] = {"_raw": self.own["raw"]} if "raw" in self.own else {}
        for name, value in self.values:
            shown[name] = f"{shown[name]}\n{value}" if name in shown else value
        return shown

    @property
    def is_json(self) -> bool:
        """Whether the call is sent JSON: text that somebody wrote as such, or a list that no form of the API has."""
        return "raw" in self.own or any(name == "addresses" for name, _ in self.values)

    def body(self) -> bytes:
        """What the call is sent: a field of several, such as `to`, has one on each line."""
        if "raw" in self.own:
            return self.own["raw"].encode()
        if self.is_json:
            return msgspec.json.encode({name: _lines(v) if name == "addresses" else v for name, v in self.values})
        pairs: list[tuple[str, str]] = []
        for name, value in self.values:
            pairs += [(name, line) for line in _lines(value)] if name in LISTS else [(name, value)]
        return urlencode(pairs).encode()

    def headers(self) -> Headers:
        """The headers that the call is sent instead of the form's."""
        body = self.body()
        headers = {b"content-length": str(len(body)).encode()}
        if body:
            headers[b"content-type"] = b"application/json" if self.is_json else FORM
        if self.own.get("wait", "").isdigit():
            headers[b"prefer"] = b"wait=" + self.own["wait"].encode("ascii", "ignore")
        if self.own.get("once"):
            headers[b"idempotency-key"] = self.own["once"].encode("latin-1", "replace")
        return headers


def is_form(headers: Headers) -> bool:
    kind = headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
    return kind == FORM and b"content-encoding" not in headers


def posted(body: bytes | bytearray) -> Posted:
    """The form in the body. Refused with 400 where it is none."""
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=FIELDS_MAX)
    except ValueError:
        expected = f"Expected a form of at most {FIELDS_MAX} fields, percent-encoded UTF-8."
        raise Refused(problem(400, "form", expected)) from None
    own = {name[1:]: value for name, value in pairs if name.startswith("_")}
    # A browser ends the lines of a text field with CR LF.
    values = tuple((name, value.replace("\r\n", "\n")) for name, value in pairs if not name.startswith("_") and value)
    return Posted(own, values)


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]
