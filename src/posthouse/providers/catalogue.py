"""All providers there are, by the name a configuration calls them.

The type of `HTTP` is the proof that each module fits `Adapter`: mypy holds every one of them to it. Nothing here talks
to anybody; the clients (our own, aiosmtplib) are imported by the first provider that needs them.
"""

from typing import TYPE_CHECKING, Final

import msgspec

from posthouse.providers import mailgun, mandrill, sandbox, sendgrid, ses, smtp
from posthouse.providers.base import Adapter, Identifies, Provider, Spec

if TYPE_CHECKING:
    from posthouse.clock import Clock
    from posthouse.providers.client import Client

HTTP: Final[dict[str, Adapter]] = {
    "mailgun": mailgun,
    "mandrill": mandrill,
    "sendgrid": sendgrid,
    "ses": ses,
}
"""The providers that are reached over HTTP: translators, all carried by the same client."""

IDENTIFIES: Final[dict[str, Identifies]] = {"mailgun": mailgun, "mandrill": mandrill, "sendgrid": sendgrid, "ses": ses}
"""Those of them that tell of a sending domain whether it is verified."""

SPECS: Final[dict[str, Spec]] = {
    **{name: adapter.SPEC for name, adapter in HTTP.items()},
    "smtp": smtp.SPEC,
    "sandbox": sandbox.SPEC,
}


def open_provider(kind: str, settings: msgspec.Struct, client: "Client", clock: "Clock") -> Provider:
    """A carrier, ready to use; nothing is connected yet.

    kind: a name in `SPECS`. settings: an instance of its `settings` class. client: the one of all providers.
    Raises ValueError for an unknown kind, other settings than its own, or an address that would send keys in clear.
    """
    spec = SPECS.get(kind)
    if spec is None:
        raise ValueError(f"type: expected one of {', '.join(sorted(SPECS))}, got {kind!r}")
    if not isinstance(settings, spec.settings):
        raise ValueError(f"{kind}: expected its own settings, got {type(settings).__module__}.Settings")
    if isinstance(settings, sandbox.Settings):
        return sandbox.SandboxProvider(settings, clock)
    if isinstance(settings, smtp.Settings):
        from posthouse.providers.submission import SmtpProvider  # brings aiosmtplib along

        return SmtpProvider(settings, clock)
    from posthouse.providers.http import HttpProvider  # brings asyncio and ssl along

    return HttpProvider(HTTP[kind], settings, client, clock)
