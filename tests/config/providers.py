"""Providers for these tests: settings of every kind, and no wire behind them."""

from typing import Annotated, Final, Literal

import msgspec

from posthouse.providers.base import Spec
from posthouse.routing.capability import EVERYTHING
from posthouse.secret import Secret


class KeySettings(msgspec.Struct, frozen=True, kw_only=True):
    api_key: Annotated[Secret, msgspec.Meta(description="API key.")]
    base_url: Annotated[str | None, msgspec.Meta(description="Where all calls go.")] = None


class DomainSettings(msgspec.Struct, frozen=True, kw_only=True):
    api_key: Annotated[Secret, msgspec.Meta(description="API key.")]
    domain: Annotated[str, msgspec.Meta(description="Domain at the provider.")]
    region: Annotated[Literal["us", "eu"], msgspec.Meta(description="Where the domain lives.")] = "us"
    webhook_key: Annotated[Secret | None, msgspec.Meta(description="Signs webhooks.")] = None
    base_url: Annotated[str | None, msgspec.Meta(description="Where all calls go.")] = None


class SmtpSettings(msgspec.Struct, frozen=True, kw_only=True):
    host: Annotated[str, msgspec.Meta(description="Server.")]
    port: Annotated[int, msgspec.Meta(ge=1, le=65535, description="Port.")] = 587
    username: Annotated[str | None, msgspec.Meta(description="User.")] = None
    password: Annotated[Secret | None, msgspec.Meta(description="Password.")] = None
    tls: Annotated[Literal["starttls", "implicit", "none"], msgspec.Meta(description="Encryption.")] = "starttls"
    base_url: Annotated[str | None, msgspec.Meta(description="Where all calls go.")] = None

    def __post_init__(self) -> None:
        if (self.username is None) != (self.password is None):
            raise ValueError("username, password: expected both or neither")


class SandboxSettings(msgspec.Struct, frozen=True, kw_only=True):
    latency_s: Annotated[float, msgspec.Meta(ge=0, description="How long it thinks.")] = 0.0
    labels: Annotated[dict[str, str], msgspec.Meta(description="Labels.")] = {}
    base_url: Annotated[str | None, msgspec.Meta(description="Where all calls go.")] = None


def _spec(name: str, settings: type[msgspec.Struct], **env: str) -> Spec:
    return Spec(name, name.title(), settings, EVERYTHING, 10_000_000, 1_000, env)


SPECS: Final[dict[str, Spec]] = {
    "sendgrid": _spec("sendgrid", KeySettings, api_key="SENDGRID_API_KEY"),
    "mailgun": _spec("mailgun", DomainSettings, api_key="MAILGUN_API_KEY", domain="MAILGUN_DOMAIN"),
    "smtp": _spec("smtp", SmtpSettings, host="SMTP_HOST", port="SMTP_PORT"),
    "sandbox": _spec("sandbox", SandboxSettings),
}
