"""Talking to a running Posthouse: what the commands that go over the API share."""

import json
import sys
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import urlsplit

import typer

Url = Annotated[str, typer.Option("--url", envvar="POSTHOUSE_URL", help="The server.")]
ApiKey = Annotated[
    str | None,
    typer.Option(
        "--key", envvar="POSTHOUSE_API_KEY", help="API key; 'dev' at a server on this machine.", show_default=False
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


class Client:
    """One server, one key."""

    def __init__(self, url: str, key: str | None) -> None:
        self._url = url.rstrip("/")
        if key is None and urlsplit(url).hostname in LOOPBACK:
            key = "dev"
        self._key = key or ""

    def call(
        self, method: str, path: str, body: dict[str, Any] | None = None, timeout_s: float = 30.0, **headers: str
    ) -> Reply:
        """One call; ends the command with 1 and a sentence where there is no answer to it."""
        request = urllib.request.Request(self._url + path, method=method)  # noqa: S310  the user's own URL
        request.add_header("Authorization", f"Bearer {self._key}")
        for name, value in headers.items():
            request.add_header(name.replace("_", "-"), value)
        if body is not None:
            request.add_header("Content-Type", "application/json")
            request.data = json.dumps(body).encode()
        try:
            with urllib.request.urlopen(request, timeout=timeout_s) as response:  # noqa: S310
                return Reply(response.status, json.load(response))
        except urllib.error.HTTPError as error:
            with error:
                return _refused(error)
        except (urllib.error.URLError, OSError, ValueError) as error:
            reason = error.reason if isinstance(error, urllib.error.URLError) else error
            print(f"no answer from {self._url}: {reason}. Is 'posthouse serve' running there?", file=sys.stderr)
            raise typer.Exit(1) from None


def _refused(error: urllib.error.HTTPError) -> Reply:
    try:
        return Reply(error.code, json.load(error))
    except ValueError:
        return Reply(error.code, {"detail": f"the server answered {error.code} without saying why"})


def checked(reply: Reply) -> dict[str, Any]:
    """The document of an answer that succeeded; otherwise says what was wrong and ends the command with 1."""
    if reply.status < 400:
        return reply.document
    print(reply.document.get("detail", "refused"), file=sys.stderr)
    for problem in reply.document.get("problems", ()):
        print(f"  {problem['field']}: {problem['message']} ({problem['code']})", file=sys.stderr)
    raise typer.Exit(1)
