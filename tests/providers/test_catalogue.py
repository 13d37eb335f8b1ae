"""The list of providers: complete, consistent, and cheap to read."""

import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec
import pytest

from posthouse.clock import SystemClock
from posthouse.mail.message import Address, Envelope, Message
from posthouse.providers import mailgun, mandrill, sandbox, sendgrid, ses, smtp
from posthouse.providers.catalogue import HTTP, SPECS, open_provider
from posthouse.providers.client import Client
from posthouse.providers.http import HttpProvider
from posthouse.providers.sandbox import SandboxProvider
from posthouse.providers.submission import SmtpProvider
from posthouse.routing.outcome import Deferred, Unauthorised, Unsure
from posthouse.secret import Secret
from tests.providers.server import Peer, answer, answering, serving

KEY = Secret("hush")
ENVELOPE = Envelope(
    id="01939f6e-0000-7000-8000-000000000000",
    message=Message(
        sender=Address("ann@example.com", "Ann"),
        to=(Address("bob@example.net"),),
        subject="Hi",
        text="Hi",
        html="<p>Hi",
    ),
    accepted_at=1_800_000_000.0,
)


def settings_of(kind: str, url: str) -> msgspec.Struct:
    """The least settings of each HTTP provider, all its calls sent to `url`."""
    least: dict[str, dict[str, Any]] = {
        "mailgun": {"api_key": KEY, "domain": "mg.example.com"},
        "mandrill": {"api_key": KEY},
        "sendgrid": {"api_key": KEY},
        "ses": {"access_key_id": "AKIA", "secret_access_key": KEY, "region": "eu-west-1"},
    }
    return SPECS[kind].settings(**least[kind], base_url=url)


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    async with Client(4) as opened:
        yield opened


def test_each_provider_is_called_by_its_own_name() -> None:
    assert {name: spec.name for name, spec in SPECS.items()} == {name: name for name in SPECS}
    modules: list[ModuleType] = [mailgun, mandrill, sendgrid, ses, smtp, sandbox]
    assert [SPECS[module.__name__.rpartition(".")[2]] for module in modules] == [module.SPEC for module in modules]


def test_every_module_with_a_spec_is_in_the_catalogue() -> None:
    folder = Path(smtp.__file__).parent
    described = {path.stem for path in folder.glob("*.py") if "= Spec(" in path.read_text(encoding="utf-8")}
    assert described == set(SPECS)


@pytest.mark.parametrize("kind", sorted(SPECS))
def test_every_setting_is_described_and_every_variable_names_one(kind: str) -> None:
    spec = SPECS[kind]
    fields = msgspec.inspect.type_info(spec.settings)
    assert isinstance(fields, msgspec.inspect.StructType)
    undescribed = [
        field.name
        for field in fields.fields
        if not (
            isinstance(field.type, msgspec.inspect.Metadata) and (field.type.extra_json_schema or {}).get("description")
        )
    ]
    assert undescribed == []
    assert set(spec.env) <= {field.name for field in fields.fields}


@pytest.mark.parametrize("kind", sorted(HTTP))
async def test_an_http_provider_is_opened_and_probes_where_its_base_url_says(kind: str, client: Client) -> None:
    async with answering(answer(403), answer(500)) as server:
        provider = open_provider(kind, settings_of(kind, server.url), client, SystemClock())
        assert isinstance(provider, HttpProvider)
        assert isinstance(await provider.probe(20.0), Unauthorised)
        assert isinstance(await provider.probe(20.0), Deferred)
        await provider.close()
    assert len(server.requests) == 2


@pytest.mark.parametrize("kind", sorted(HTTP))
async def test_an_http_provider_sends_and_knows_what_never_left(kind: str, client: Client) -> None:
    async with answering(answer(503)) as server:
        provider = open_provider(kind, settings_of(kind, server.url), client, SystemClock())
        assert isinstance(await provider.send(ENVELOPE, 20.0), Deferred)
    assert [request.method for request in server.requests] == ["POST"]
    # Where nobody listens (port 1): a kept connection to the server above may still look alive, and that is doubt.
    provider = open_provider(kind, settings_of(kind, "http://127.0.0.1:1"), client, SystemClock())
    refused = await provider.send(ENVELOPE, 20.0)
    assert isinstance(refused, Deferred)
    assert str(refused.detail).startswith("not connected: ")
    assert KEY.reveal() not in repr(provider) + repr(refused)


@pytest.mark.parametrize("kind", sorted(HTTP))
async def test_an_http_provider_is_in_doubt_where_no_answer_comes(kind: str, client: Client) -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.say(b"HTTP/1.1 2")

    async with serving(script) as server:
        provider = open_provider(kind, settings_of(kind, server.url), client, SystemClock())
        assert isinstance(await provider.send(ENVELOPE, 20.0), Unsure)


@pytest.mark.parametrize("kind", sorted(HTTP))
async def test_no_http_provider_sends_its_key_in_clear(kind: str, client: Client) -> None:
    with pytest.raises(ValueError, match="base_url"):
        open_provider(kind, settings_of(kind, "http://api.example.com"), client, SystemClock())


async def test_smtp_and_the_sandbox_are_opened(client: Client) -> None:
    assert isinstance(open_provider("smtp", smtp.Settings(host="a"), client, SystemClock()), SmtpProvider)
    assert isinstance(open_provider("sandbox", sandbox.Settings(), client, SystemClock()), SandboxProvider)


async def test_an_unknown_kind_is_named(client: Client) -> None:
    with pytest.raises(ValueError, match=r"type: expected one of mailgun, mandrill, .* got 'pigeon'"):
        open_provider("pigeon", sandbox.Settings(), client, SystemClock())


async def test_settings_of_another_kind_are_refused(client: Client) -> None:
    with pytest.raises(ValueError, match="smtp: expected its own settings"):
        open_provider("smtp", sandbox.Settings(), client, SystemClock())


def test_reading_the_catalogue_brings_no_client_and_no_loop() -> None:
    code = "import sys, posthouse.providers.catalogue; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split()
    assert {"asyncio", "ssl", "aiosmtplib", "pyreqwest"}.isdisjoint(loaded)
