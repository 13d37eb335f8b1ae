"""A provider of example.com, as it was found."""

from typing import Any, Final

from posthouse.doctor.accounts import Account
from posthouse.doctor.credentials import Asked
from tests.web.house import configuration

SETTINGS: Final[dict[str, dict[str, Any]]] = {
    "mailgun": {"api_key": "x", "domain": "mg.example.com"},
    "mandrill": {"api_key": "x"},
    "sendgrid": {"api_key": "x"},
    "ses": {"region": "eu-central-1", "access_key_id": "A", "secret_access_key": "x"},
    "smtp": {"host": "smtp.example.net"},
}


def account(kind: str = "mailgun", outcome: str = "accepted", status: int | None = None, **more: Any) -> Account:
    """A provider of that kind. more: identity, ahead_s."""
    pools = {"example.com": {"keys": {"web": "k"}, "providers": {kind: SETTINGS[kind]}}}
    pool = configuration({"pools": pools}).pools["example.com"]
    return Account(pool, pool.providers[kind], Asked("example.com", kind, kind, outcome, status, ms=7), **more)
