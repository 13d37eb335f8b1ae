"""posthouse keys: API keys to put into the configuration."""

import secrets
from typing import Annotated, Final

import msgspec
import typer

from posthouse.cli.commands import SETTINGS, examples
from posthouse.secret import Secret

PREFIX: Final = "ph_"
"""So that a key is recognised where it should not be: by people, and by scanners of repositories."""

EXAMPLES: Final = """
  posthouse keys new
  posthouse keys new --json | jq -r .digest
"""

keys = typer.Typer(help="API keys.", no_args_is_help=True, rich_markup_mode=None, context_settings=SETTINGS)


def fresh_key() -> Secret:
    """A new API key: 256 random bits, so its plain SHA-256 gives nothing away."""
    return Secret(PREFIX + secrets.token_urlsafe(32))


def as_digest(key: Secret) -> str:
    """The key as the configuration may hold it: `sha256:` and 64 hexadecimal digits."""
    return f"sha256:{key.digest().hex()}"


@keys.command("new", epilog=examples(EXAMPLES), context_settings=SETTINGS)
def new(as_json: Annotated[bool, typer.Option("--json", help="Answer as JSON.")] = False) -> None:
    """Make a key. It is shown this once and kept nowhere; the configuration needs only its digest."""
    key = fresh_key()
    if as_json:
        print(msgspec.json.encode({"key": key.reveal(), "digest": as_digest(key)}).decode())
        return
    print(f"key     {key.reveal()}")
    print(f"digest  {as_digest(key)}")


@keys.callback()
def root() -> None:
    """API keys for the configuration."""
