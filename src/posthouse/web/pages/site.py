"""The answers of the API as pages: the same call, made by the same code, shown to a person.

A browser's request is turned into the call it means (`posted`), with the key its session holds (`session`); the
application answers that call as it answers everybody; the answer is shown (`page`). So a page can tell and do nothing
that the JSON does not.
"""

from collections.abc import Awaitable, Callable
from os import urandom
from typing import Any, Final
from urllib.parse import parse_qsl

import msgspec

from posthouse.web.answer import JSON, PROBLEM, Answer, Header, Refused, problem
from posthouse.web.auth import presented, wrong_key
from posthouse.web.body import SMALL, announced, read
from posthouse.web.door import Door
from posthouse.web.pages.assets import Assets
from posthouse.web.pages.page import Printer, View
from posthouse.web.pages.posted import Posted, is_form, posted
from posthouse.web.pages.session import Seal, cookie_of, forgetting, from_here, setting, speaks_https
from posthouse.web.parameters import QUERY_MAX
from posthouse.web.request import NOTHING, Headers
from posthouse.web.route import Paths

Call = Callable[[Any, Headers, Any, bytes], Awaitable[Answer]]
"""The application's own answer to (scope, headers, receive, request id), as JSON."""

FORM_MAX: Final = 1024 * 1024
"""Bytes of a form that somebody who signed in sends; a stranger's is smaller."""

CONFUSED: Final = "The form came from another page, or from before you signed in. Send it again from here."

POLICY: Final = (
    b"default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; form-action 'self'; "
    b"frame-ancestors 'none'; base-uri 'none'; connect-src 'self'"
)

FIXED: Final[tuple[Header, ...]] = (
    (b"cache-control", b"no-store"),
    (b"vary", b"Accept"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"content-security-policy", POLICY),
)
"""Headers of every page. The referrer stays at home; with none at all a browser would hide the origin of our forms."""

HTML: Final = (b"content-type", b"text/html; charset=utf-8")


class Site:
    """development: whether the key is the one that everybody knows."""

    def __init__(self, door: Door, paths: Paths, call: Call, development: bool, secret: bytes) -> None:
        self._door, self._paths, self._call, self._development = door, paths, call, development
        self._seal, self._assets = Seal(secret), Assets()
        self._printer = Printer(self._assets.paths)

    async def answer(self, scope: Any, headers: Headers, receive: Any, request_id: bytes) -> Answer:
        """The page for a request. What is no JSON goes back as it is."""
        path, method = scope["path"], scope["method"]
        if path.startswith("/assets/"):
            return self._assets.answer(method, path)
        cookie = cookie_of(headers)
        now = self._door.clock.now()
        key = presented(headers)
        filled = method == "POST" and key is None and is_form(headers)
        kept = self._seal.open(cookie, now) if cookie is not None and key is None else None
        if not filled and method not in ("GET", "HEAD"):
            kept = None  # a session opens what a browser's own pages ask for, and nothing else
        caller = self._door.callers.recognise(kept, now) if kept is not None else None
        sent: Posted | None = None
        view = View(scope=scope, method=method, path=path, query=_query(scope["query_string"]), caller=caller)
        view.token = self._seal.token(cookie) if cookie is not None and caller is not None else ""
        view.development = self._development
        try:
            if filled:
                most = min(SMALL if caller is None else FORM_MAX, self._door.max_body)
                sent = posted(await read(receive, most, announced(headers, most) or 0))
                view.values, view.method = sent.shown, sent.method
                self._must_be_meant(headers, sent, view)
            if path.rstrip("/") == "/session":
                return self._signing(scope, headers, sent, view)
            if path.rstrip("/") == "/docs":
                return self._documents(view)
            given = await self._asked(scope, headers, receive, request_id, sent, kept)
        except Refused as refused:
            given = refused.answer
        return self._shown(view, given)

    def _must_be_meant(self, headers: Headers, sent: Posted, view: View) -> None:
        """Refused with 403 where a form did not come from a page of ours that was shown to whoever sends it."""
        if not from_here(headers) or (view.token and sent.own.get("token") != view.token):
            raise Refused(problem(403, "form", CONFUSED))

    async def _asked(
        self, scope: Any, headers: Headers, receive: Any, request_id: bytes, sent: Posted | None, key: bytes | None
    ) -> Answer:
        """The application's answer to the call that is meant."""
        changed: Headers = {b"accept": b"application/json"}
        if sent is not None:
            changed |= sent.headers()
            receive = sent.body()
        if key is not None:
            changed[b"authorization"] = b"Bearer " + key
        dropped = {b"cookie", *changed} | ({b"content-type", b"content-length"} if sent is not None else set())
        fields = [field for field in scope["headers"] if field[0] not in dropped] + list(changed.items())
        method = scope["method"] if sent is None else sent.method
        return await self._call({**scope, "headers": fields, "method": method}, dict(fields), receive, request_id)

    def _signing(self, scope: Any, headers: Headers, sent: Posted | None, view: View) -> Answer:
        """GET /session asks for the key; POST signs in, DELETE signs out."""
        if sent is None:
            if view.method not in ("GET", "HEAD"):
                return self._shown(view, problem(405, "method", "Expected one of DELETE, GET, HEAD, POST."))
            return self._page(200, "signin.html", view, {})
        if sent.method == "DELETE":
            return Answer(303, b"", ((b"location", b"/session"), *forgetting()), FIXED)
        view.values = {"to": sent.own.get("to", "/")}
        key = dict(sent.values).get("key", "").strip().encode("utf-8", "replace")
        if self._door.callers.recognise(key, self._door.clock.now()) is None:
            return self._shown(view, wrong_key(self._door, scope))
        value = self._seal.close(key, urandom(16), self._door.clock.now())
        to = sent.own.get("to", "/")
        inside = to.startswith("/") and not to.startswith("//") and to.isascii() and to.isprintable() and "\\" not in to
        location = (b"location", to.encode() if inside else b"/")
        return Answer(303, b"", (location, setting(value, speaks_https(headers, scope["scheme"]))), FIXED)

    def _documents(self, view: View) -> Answer:
        if view.method not in ("GET", "HEAD"):
            return self._shown(view, problem(405, "method", "Expected one of GET, HEAD.", (b"allow", b"GET, HEAD")))
        return self._page(200, "docs.html", view, {})

    def _shown(self, view: View, given: Answer) -> Answer:
        """The page that says the same as an answer."""
        kind = next((field for field in given.headers if field[0] == b"content-type"), None)
        if kind not in (JSON, PROBLEM) or view.path.endswith(".json"):
            return given
        found = self._paths.find(view.scope["raw_path"])
        methods, view.parameters = found if found is not None else (None, NOTHING)
        if methods is not None:
            view.route = methods.routes.get(view.method)
            view.neighbours = tuple(methods.routes.values())
        name, document = self._printer.choose(view, given.status), msgspec.json.decode(given.body)
        headers = tuple(field for field in given.headers if field is not kind)
        return self._page(given.status, name, view, document, headers)

    def _page(self, status: int, name: str, view: View, document: Any, headers: tuple[Header, ...] = ()) -> Answer:
        view.once = urandom(16).hex()
        text = self._printer.page(name, view, status, document)
        return Answer(status, text.encode("utf-8", "replace"), (HTML, *headers), FIXED)


def _query(query: bytes) -> dict[str, str]:
    return dict(parse_qsl(query[:QUERY_MAX].decode("latin-1"), keep_blank_values=True))
