"""Whose configuration it is, by what it says."""

from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Final

from posthouse.config.imports import emissary, sendmailserviceproxy, stampman, uber
from posthouse.config.imports.draft import Draft
from posthouse.config.imports.source import Unreadable, plain

FILES: Final[tuple[ModuleType, ...]] = (emissary, uber, stampman)


def from_text(text: str, fresh: Callable[[], str], domain: str | None = None) -> Draft:
    """The draft for a file's text. fresh: makes an API key. domain: the pool's name, where the file has none.

    Unreadable where it is nobody's that is known, or broken; it says where.
    """
    document = plain(text)
    for service in FILES:
        if service.speaks(document):
            if domain is not None and service is not emissary:
                raise Unreadable(f"--domain: the configuration of {service.ORIGIN} names its domains itself")
            found: Draft = service.draft(document, fresh, domain)
            return found
    if "pools" in document:
        raise Unreadable("it is a configuration of Posthouse already: 'posthouse check' looks at it")
    raise Unreadable(
        "expected emissary's emissary.yaml, stampman's config.json or uber-email-service's config.json: it has nothing "
        "that is known from those"
    )


def from_environment(env: Mapping[str, str], fresh: Callable[[], str], domain: str | None = None) -> Draft:
    """The draft for the variables of a process. Unreadable where none of them is known."""
    if not sendmailserviceproxy.speaks(env):
        raise Unreadable("expected the variables of sendmailserviceproxy (SMSP_…): none is set")
    return sendmailserviceproxy.draft(env, fresh, domain)
