"""Asking the DNS for texts. No answer is not the same as an answer that there is nothing."""

from typing import Final

import dns.asyncresolver
import dns.exception
import dns.name
import dns.resolver
import msgspec

from posthouse.providers.base import readable

DNS_PORT: Final = 53


class Unanswered(msgspec.Struct, frozen=True):
    """Nobody told whether there is something under the name."""

    why: str


Texts = tuple[str, ...] | Unanswered
"""Every TXT record of a name, each as one text; none where there is no such name, or none of them."""


class Resolver:
    """server: address and port of the DNS server to ask; None: those of this machine."""

    def __init__(self, server: tuple[str, int] | None, deadline_s: float) -> None:
        self._missing: str | None = None
        try:
            self._resolver = dns.asyncresolver.Resolver(configure=server is None)
        except dns.resolver.NoResolverConfiguration:
            self._resolver = dns.asyncresolver.Resolver(configure=False)
            self._missing = "this machine names no DNS server"
        if server is not None:
            self._resolver.nameservers, self._resolver.port = [server[0]], server[1]
        self._resolver.lifetime = deadline_s

    async def texts(self, name: str) -> Texts:
        """The TXT records of a name, by way of its CNAMEs."""
        if self._missing is not None:
            return Unanswered(self._missing)
        try:
            found = await self._resolver.resolve(dns.name.from_text(name), "TXT")
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return ()
        except dns.resolver.LifetimeTimeout:
            return Unanswered(f"no answer within {self._resolver.lifetime:g} s")
        except (dns.resolver.NoNameservers, dns.resolver.YXDOMAIN):
            return Unanswered("the DNS server answered that it failed")
        except (dns.exception.DNSException, OSError, ValueError) as error:
            return Unanswered(readable(str(error)) or type(error).__name__)
        return tuple([b"".join(record.strings).decode("utf-8", "replace") for record in found])
