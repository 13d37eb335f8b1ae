"""Talking to a running Posthouse: what the commands that go over the API share."""

import json
import sys
import urllib.error
import urllib.request
from dataclasses import dataclass
from http.client import HTTPException
from typing import Annotated, Any
from urllib.parse import urlsplit

import typer

from posthouse.cli.screen import print_json

Url = Annotated[str, typer.Option("--url", envvar="POSTHOUSE_URL", metavar="URL", help="The server.")]
ApiKey = Annotated[
    str | None,
    typer.Option(
        "--key", envvar="POSTHOUSE_API_KEY", metavar="KEY", help="API key; 'dev' at a server on this machine."
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the server's answer as JSON.")]

URL = "http://127.0.0.1:8080"
LOOPBACK = ("127.0.0.1", "::1", "localhost")


@dataclass(frozen=True)
class Reply:
    """status: of HTTP. document: the JSON in the body."""

    status: int
    document: dict[str, Any]


class NoAnswer(Exception):
    """Nobody answered as Posthouse would; the text says why, and what to do."""


class Client:
    """One server, one key."""

    def __init__(self, url: str, key: str | None) -> None:
        here = _host(url) in LOOPBACK
        self._url = url.rstrip("/")
        self._key = "dev" if key is None and here else key or ""
        # A proxy that the environment names is for servers elsewhere.
        self._opener = urllib.request.build_opener(*([urllib.request.ProxyHandler({})] if here else []))

    def call(
        self, method: str, path: str, body: dict[str, Any] | None = None, timeout_s: float = 30.0, **headers: str
    ) -> Reply:
        """One call; ends the command with 1 and a sentence where there is no answer to it."""
        try:
            return self.ask(method, path, body, timeout_s, **headers)
        except NoAnswer as error:
            print(error, file=sys.stderr)
            raise typer.Exit(1) from None

    def ask(
        self, method: str, path: str, body: dict[str, Any] | None = None, timeout_s: float = 30.0, **headers: str
    ) -> Reply:
        """One call. headers: `_` for `-`. NoAnswer where nobody answers it."""
        request = urllib.request.Request(self._url + path, method=method)  # noqa: S310  the user's own URL
        request.add_header("Authorization", f"Bearer {self._key}".encode().decode("latin-1"))
        for name, value in headers.items():
            request.add_header(name.replace("_", "-"), value)
        if body is not None:
            request.add_header("Content-Type", "application/json")
            request.data = json.dumps(body).encode()
        try:
            with self._opener.open(request, timeout=timeout_s) as response:
                return Reply(response.status, json.load(response))
        except urllib.error.HTTPError as error:
            with error:
                return _refused(error)
        except (OSError, ValueError, HTTPException) as error:
            reason = error.reason if isinstance(error, urllib.error.URLError) else error
            reason = getattr(reason, "strerror", None) or reason
            raise NoAnswer(
                f"no answer from {self._url}: {reason}. Is 'posthouse serve' running there? "
                "Another server is named with --url, or in the variable POSTHOUSE_URL."
            ) from None


def _host(url: str) -> str:
    """The host in a server's URL; ends the command with 2 where it is none."""
    try:
        parts = urlsplit(url)
        host = parts.hostname if parts.scheme in ("http", "https") else None
    except ValueError:
        host = None
    if host is None:
        raise typer.BadParameter(f"expected a URL such as {URL}", param_hint="--url")
    return host


def _refused(error: urllib.error.HTTPError) -> Reply:
    try:
        return Reply(error.code, json.load(error))
    except ValueError:
        return Reply(error.code, {"detail": f"the server answered {error.code} without saying why"})


def checked(reply: Reply, *, as_json: bool = False) -> dict[str, Any]:
    """The document of an answer that succeeded; otherwise says what was wrong and ends the command with 1.

    as_json: to programs as well, on standard output, in the server's own words.
    """
    if reply.status < 400:
        return reply.document
    if as_json:
        print_json(reply.document)
    detail = reply.document.get("detail", "refused")
    print(detail, file=sys.stderr)
    for problem in reply.document.get("problems", ()):
        print(f"  {problem['field']}: {problem['message']} ({problem['code']})", file=sys.stderr)
    if reply.status == 401:
        print("  Here it is said with --key, or in the variable POSTHOUSE_API_KEY.", file=sys.stderr)
    if '"force"' in detail:
        print("  Here it is said with --force.", file=sys.stderr)
    raise typer.Exit(1)
