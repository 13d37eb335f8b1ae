"""From an answer to the text of its page: which template shows it, and what that is told."""

import re
from functools import cache
from pathlib import Path
from shlex import quote as quoted
from typing import Any, Final
from urllib.parse import quote, urlencode

import msgspec
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from posthouse.intake.caller import Caller
from posthouse.mail.event import MEANING, UNFINISHED
from posthouse.web.openapi.bodies import body
from posthouse.web.pages.inputs import FILTERS, INPUTS
from posthouse.web.request import NOTHING
from posthouse.web.route import Route
from posthouse.web.routes import ROUTES

TEMPLATES: Final = Path(__file__).parent / "templates"

LONGEST: Final = 32 * 1024
"""Characters of a document that is shown as JSON only when it is longer."""

SENT: Final = ("/email", "/{domain}/send", "/{domain}/{provider}/send", "/email/{id}/resend")
SWITCHES: Final = ("/{domain}/{provider}/fail", "/{domain}/{provider}/pause", "/{domain}/{provider}/resume")

VIEWS: Final[dict[tuple[str, str], str]] = {
    ("GET", "/"): "pools.html",
    ("POST", "/"): "pools.html",
    ("GET", "/{domain}"): "pools.html",
    ("POST", "/{domain}"): "pools.html",
    ("GET", "/email"): "messages.html",
    ("GET", "/email/{id}"): "message.html",
    ("GET", "/email/{id}/explain"): "explain.html",
    ("POST", "/route/explain"): "explain.html",
    ("GET", "/{domain}/suppressions"): "suppressions.html",
    ("POST", "/{domain}/suppressions"): "suppressed.html",
    ("DELETE", "/{domain}/suppressions"): "suppressed.html",
    ("DELETE", "/email/{id}"): "cancelled.html",
    ("GET", "/admin/config"): "config.html",
    **{("POST", path): "sent.html" for path in SENT},
    **{(method, path): "provider.html" for path in SWITCHES for method in ("POST", "DELETE")},
}
"""(method, path of the route) → the template of an answer that is no error; another is shown as any document is."""

_INSTANT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
_SAME: Final = re.compile(r"The same as `(\w+)`\.")
_NAME: Final = re.compile(r"[^.\[]*")


class View(msgspec.Struct, kw_only=True):
    """What a page is told beside the document. method: the one that is meant. values: of the form that was sent.

    token: what its forms bring back; empty where nobody is signed in. once: a new Idempotency-Key.
    """

    scope: Any
    method: str
    path: str
    query: dict[str, str]
    caller: Caller | None
    values: dict[str, str] = {}
    token: str = ""
    once: str = ""
    development: bool = False
    route: Route | None = None
    neighbours: tuple[Route, ...] = ()
    parameters: dict[str, str] = NOTHING

    @property
    def place(self) -> str:
        """The path as it came, for a form that is to be sent there again."""
        return str(self.scope["raw_path"].decode("latin-1"))


class Printer:
    """The templates, all of them compiled: it takes a while, and is not for the event loop. assets: name → path."""

    def __init__(self, assets: dict[str, str]) -> None:
        self._templates = Environment(
            loader=FileSystemLoader(TEMPLATES),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        self._templates.globals |= {
            "assets": assets,
            "routes": ROUTES,
            "inputs": INPUTS,
            "filters": FILTERS,
            "meaning": MEANING,
            "unfinished": UNFINISHED,
            "query_of": query_of,
            "fields_of": fields_of,
        }
        self._templates.filters |= {"path": path, "anchor": anchor, "shell": quoted, "code": code}
        self._templates.tests["instant"] = is_instant
        for name in self._templates.list_templates():
            self._templates.get_template(name)

    def choose(self, view: View, status: int) -> str:
        """The template of an answer."""
        if status == 401:
            return "signin.html"
        if status >= 400:
            return "problem.html" if (view.method, view.path) != ("GET", "/readyz") else "document.html"
        route = view.route
        return VIEWS.get((route.method, route.path), "document.html") if route is not None else "document.html"

    def page(self, name: str, view: View, status: int, document: Any) -> str:
        json = msgspec.json.format(msgspec.json.encode(document), indent=2).decode()
        return self._templates.get_template(name).render(
            view=view,
            status=status,
            document=document,
            json=json,
            too_long=len(json) > LONGEST,
            flaws=flaws(document),
            target=target(view),
        )


def flaws(document: Any) -> dict[str, list[str]]:
    """Field → what is wrong with it, where the document is an error that says so."""
    found: dict[str, list[str]] = {}
    problems = document.get("problems", ()) if isinstance(document, dict) and "type" in document else ()
    for problem in problems:
        whole = problem["field"]
        name = _NAME.match(whole)[0]  # type: ignore[index]  # it matches everything
        message = problem["message"][:1].upper() + problem["message"][1:]
        found.setdefault(name, []).append(message if whole == name else f"{whole}: {message}")
    return found


def target(view: View) -> str:
    """The path and query of this page, to come back to."""
    if view.path.rstrip("/") == "/session":
        return view.values.get("to", "/")
    if view.scope["method"] not in ("GET", "HEAD"):
        return "/"
    query = view.scope["query_string"].decode("latin-1")
    return f"{view.place}?{query}" if query else view.place


def query_of(given: dict[str, str], **changed: str | None) -> str:
    """A query string: what was given, and what is changed; None takes away."""
    return urlencode({name: value for name, value in {**given, **changed}.items() if value})


def path(text: str) -> str:
    """A text as one part of a path."""
    return quote(text, safe="@+")


def anchor(route: Route) -> str:
    """The place of a call on the page of all calls."""
    return (route.method + route.path).lower().replace("/", "-").replace("{", "").replace("}", "")


@cache
def fields_of(sent: str | None) -> tuple[tuple[str, str, str], ...]:
    """(name, its other names, what it is) of each field of what is sent along, as the OpenAPI document tells it."""
    if sent is None:
        return ()
    schema = next(iter(body(sent).media.values()))
    words = {name: described(field) for name, field in schema.get("properties", {}).items()}
    other: dict[str, list[str]] = {}
    for name, text in words.items():
        own = _SAME.fullmatch(text)
        if own is not None:
            other.setdefault(own[1], []).append(name)
    return tuple((name, ", ".join(other.get(name, ())), text) for name, text in words.items() if not _SAME.match(text))


def described(schema: Any) -> str:
    """What is said of a field, or of what stands in it."""
    if "description" in schema:
        return str(schema["description"])
    inner = [*schema.get("anyOf", ()), *([schema["items"]] if "items" in schema else ())]
    return next((words for one in inner if (words := described(one))), "")


def code(words: str) -> Markup:
    """A text in which what stands between backticks is code."""
    parts = words.split("`")
    marked = (Markup("<code>{}</code>").format(part) if odd % 2 else escape(part) for odd, part in enumerate(parts))
    return Markup("").join(marked) if len(parts) % 2 else escape(words)


def is_instant(value: object) -> bool:
    return isinstance(value, str) and _INSTANT.fullmatch(value) is not None
