"""Which pool a call is about, and whether the caller may know of it."""

from collections.abc import Mapping
from typing import Final

from posthouse.intake.caller import Caller
from posthouse.intake.policy import PoolPolicy
from posthouse.mail.address import domain_of_dns
from posthouse.mail.problem import Problem, Refusal
from posthouse.web.answer import Refused, problem
from posthouse.web.auth import STRANGER, WRONG
from posthouse.web.door import Door
from posthouse.web.request import Request

_SENDERS: Final = ("from", "from_email", "fromaddress")

_NO_POOL: Final = problem(404, "unknown-pool", "There is no such domain here.")
_NO_PROVIDER: Final = problem(404, "unknown-provider", "The domain has no provider of this name.")


def pool_named(door: Door, request: Request) -> PoolPolicy:
    """The pool in the path. Another pool's domain is as unknown to a key as one that is nobody's."""
    caller, domain = request.caller, request.parameters["domain"]
    pool = door.intake.pools.get(domain)
    if pool is not None and (caller.admin or caller.pool == domain or (caller is STRANGER and pool.open)):
        return pool
    raise Refused(WRONG if caller is STRANGER else _NO_POOL)


def provider_named(pool: PoolPolicy, request: Request) -> str:
    """The provider in the path, one of the pool's."""
    provider = request.parameters["provider"]
    if provider not in pool.providers:
        raise Refused(_NO_PROVIDER)
    return provider


def pool_of_sender(door: Door, caller: Caller, fields: Mapping[str, object]) -> PoolPolicy | Refusal:
    """The key's own pool; for an administrator and a stranger, the one of the sender's domain."""
    pools = door.intake.pools
    if caller.pool is not None:
        return pools[caller.pool]
    reachable = {name: pool for name, pool in pools.items() if caller.admin or pool.open}
    pool = reachable.get(_domain(fields))
    if pool is None and len(reachable) == 1:
        pool = next(iter(reachable.values()))
    if pool is None:
        return Refusal((Problem("from-domain-not-allowed", "from", "expected an address of a pool's domain"),))
    return pool


def _domain(fields: Mapping[str, object]) -> str:
    """The domain that the sender's address claims, before it is judged: only to find the pool."""
    sender = next((fields[name] for name in _SENDERS if name in fields), None)
    if isinstance(sender, dict):
        sender = sender.get("email")
    text = sender if isinstance(sender, str) else ""
    return domain_of_dns(text.strip().rstrip(">").rpartition("@")[2])
