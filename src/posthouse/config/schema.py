"""The whole configuration, described field by field. What is said here is what `posthouse.yaml` may say.

The reader, the reference page and the JSON Schema are made from these structs: a field's name in the file, its type,
its bounds, its default and its description. Durations and instants are seconds; a `Named` entry takes its name from its
key in the file. Values are read-only: a reload makes a new Config.
"""

from pathlib import Path
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta, field

from posthouse.config.problem import Problem
from posthouse.config.values import (
    Digest,
    Domain,
    Duration,
    Endpoint,
    Instant,
    Name,
    Origin,
    Readable,
    Recipients,
    Store,
    Url,
)
from posthouse.mail.message import Address, OnUnsure
from posthouse.routing.rules import Rate, Strategy
from posthouse.secret import Secret

UNWRITTEN: Final = Meta(extra={"unwritten": True})
"""Marks a field that the file does not hold: it is known from elsewhere."""

SETTLED_LATER: Final = Meta(extra={"settled_later": True})
"""Marks a field whose default depends on the entries around it; its description tells how."""

Lane = Literal["critical", "normal", "bulk"]

Role = Literal["all", "web", "delivery"]
"""What a process does: accept, send, or both."""

DAY_S: Final = 86400.0


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """A mapping of the file."""


class Named(Part, frozen=True, kw_only=True):
    """An entry of a mapping whose keys are names."""

    name: Annotated[str, UNWRITTEN]


class Tls(Part, frozen=True, kw_only=True):
    """A certificate for STARTTLS."""

    cert: Annotated[Readable, Meta(description="Certificate chain, PEM.")]
    key: Annotated[Readable, Meta(description="Private key of the certificate, PEM.")]


class Http(Part, frozen=True, kw_only=True):
    """The HTTP door."""

    listen: Annotated[Endpoint, Meta(description="Where to listen.")] = Endpoint("127.0.0.1", 8080)
    public_url: Annotated[
        Url | None, Meta(description="How others reach this server: stands in links and in the addresses of webhooks.")
    ] = None
    max_body_mb: Annotated[
        float,
        Meta(gt=0, le=1024, description="Largest request, in megabytes (of 1,048,576 bytes), attachments included."),
    ] = 30.0
    cors_origins: Annotated[
        tuple[Origin, ...], Meta(description="Web pages of these origins may call from a browser; none by default.")
    ] = ()

    @property
    def max_body_bytes(self) -> int:
        return int(self.max_body_mb * 1024 * 1024)


class Smtp(Part, frozen=True, kw_only=True):
    """The SMTP door. Left out, it is closed."""

    listen: Annotated[Endpoint, Meta(description="Where to listen.")] = Endpoint("127.0.0.1", 2525)
    tls: Annotated[Tls | None, Meta(description="Offers STARTTLS with this certificate.")] = None


class Retention(Part, frozen=True, kw_only=True):
    """How long what is finished is kept."""

    content_s: Annotated[Duration, Meta(ge=0, description="Subject, body and attachments of a finished message.")] = (
        field(default=7 * DAY_S, name="content")
    )
    records_s: Annotated[Duration, Meta(ge=0, description="Its record: addresses, states, attempts and events.")] = (
        field(default=90 * DAY_S, name="records")
    )


class Log(Part, frozen=True, kw_only=True):
    """What is written to standard error. What failed is always written; what succeeded is left out under load."""

    format: Annotated[
        Literal["auto", "json", "console"], Meta(description="auto: for a person on a terminal, otherwise JSON lines.")
    ] = "auto"
    successes: Annotated[
        int, Meta(ge=0, description="Messages accepted, and attempts that succeeded, written of each in a second.")
    ] = 20
    then_one_in: Annotated[
        int, Meta(ge=0, description="Of more than that, one in so many is written; 0: none. The rest is counted.")
    ] = 100


class Admin(Named, frozen=True, kw_only=True):
    """Who administers all pools. May be written as the key alone."""

    digest: Annotated[Digest, Meta(description="The API key, in clear or as sha256:HEX.")] = field(name="key")


class Key(Named, frozen=True, kw_only=True):
    """Who may send through a pool and read it. May be written as the key alone."""

    digest: Annotated[Digest, Meta(description="The API key, in clear or as sha256:HEX.")] = field(name="key")
    mode: Annotated[
        Literal["live", "sandbox"], Meta(description="sandbox: everything is accepted and recorded, nothing is sent.")
    ] = "live"
    redirect: Annotated[
        Address | None, Meta(description="Every message goes to this address instead of its recipients.")
    ] = None
    allow: Annotated[
        tuple[Recipients, ...], Meta(description="Recipients it may write to, `*` for any text; empty: everybody.")
    ] = ()
    rate: Annotated[Rate | None, Meta(description="Messages accepted from it at most.")] = None
    daily: Annotated[int | None, Meta(ge=1, description="Messages accepted from it in a day (UTC) at most.")] = None
    expires: Annotated[Instant | None, Meta(description="Good until then; a date ends with its first moment, UTC.")] = (
        None
    )


class ProviderEntry(Named, frozen=True, kw_only=True):
    """One provider of a pool; beside these fields it takes the settings of its type."""

    type: Annotated[str, Meta(description="Which provider it is; its name unless said.")] = ""
    settings: Annotated[Any, UNWRITTEN] = None
    order: Annotated[
        int,
        Meta(ge=1, description="Strategy priority: the smallest first; its place in the file unless said."),
        SETTLED_LATER,
    ] = 1
    weight: Annotated[
        float,
        Meta(ge=0, le=1, description="Strategy weighted: its share; equal shares unless any is said."),
        SETTLED_LATER,
    ] = 1.0
    score: Annotated[float, Meta(ge=0, le=100, description="Strategy score: its score while it is healthy.")] = 50.0
    enabled: Annotated[bool, Meta(description="Whether it is used at all.")] = True
    rate: Annotated[Rate | None, Meta(description="Sends started at most.")] = None
    daily: Annotated[int | None, Meta(ge=1, description="Quota: sends in a day (UTC).")] = None
    monthly: Annotated[int | None, Meta(ge=1, description="Quota: sends in a calendar month (UTC).")] = None
    timeout_s: Annotated[float, Meta(gt=0, le=600, description="Deadline of one send, from connecting to answer.")] = (
        30.0
    )
    tags: Annotated[
        tuple[Name, ...], Meta(description="Labels that a class or a message may require, such as eu.")
    ] = ()
    concurrency: Annotated[int, Meta(ge=1, le=10000, description="Sends on their way at the same time at most.")] = 256


class ProbeMail(Part, frozen=True, kw_only=True):
    """A dummy message as the probe of an open circuit."""

    to: Annotated[Address, Meta(description="Who gets the dummy message.")]


class Breaker(Part, frozen=True, kw_only=True):
    """When a provider's circuit opens and closes again, and when the provider is distrusted meanwhile.

    A distrusted provider comes after all others, and carries what nobody else can.
    """

    failures: Annotated[int, Meta(ge=1, description="Opens after so many failures in a row.")] = 5
    rate: Annotated[float, Meta(gt=0, le=1, description="Opens when this share of the calls in the window failed.")] = (
        0.5
    )
    window_s: Annotated[float, Meta(gt=0, le=86400, description="Length of the sliding window.")] = 30.0
    min_calls: Annotated[int, Meta(ge=1, description="The share counts from so many calls in the window.")] = 20
    probe: Annotated[
        Literal["check", "traffic"] | ProbeMail,
        Meta(
            description="How an open circuit is tried: check calls the provider's cheap authenticated endpoint, "
            "traffic lets one low-risk message through, {to: ADDRESS} sends a dummy message."
        ),
    ] = "check"
    probe_every_s: Annotated[float, Meta(gt=0, le=86400, description="Time between two probes.")] = 5.0
    refusals: Annotated[
        int, Meta(ge=0, description="Opens after so many refused messages in a row without a success; 0: never.")
    ] = 20
    health: Annotated[
        float,
        Meta(ge=0, lt=1, description="Distrusted below this health, which a score counts with; 0: never for that."),
    ] = 0.8
    probe_passes: Annotated[
        int, Meta(ge=1, le=1000, description="Trusted again after so many probes in a row that passed.")
    ] = 8
    probe_again_s: Annotated[
        float,
        Meta(gt=0, le=86400, description="Time between those; at least probe_every_s where they are dummy messages."),
    ] = 0.4
    probation_s: Annotated[
        float,
        Meta(ge=0, le=86400, description="For so long after it is trusted again one failure makes it distrusted anew."),
    ] = 10.0
    ramp_steps: Annotated[
        int,
        Meta(ge=0, le=10, description="Once back, its share of messages doubles with each step; 0: all at once."),
    ] = 4
    ramp_step_s: Annotated[float, Meta(gt=0, le=3600, description="Length of such a step.")] = 1.0


class Scoring(Part, frozen=True, kw_only=True):
    """How the health behind a score moves, and how a score heals."""

    degrade: Annotated[float, Meta(gt=0, lt=1, description="A failure leaves this share of the health.")] = 0.9
    gain: Annotated[float, Meta(ge=0, le=1, description="A success leaves as much as a failure, and adds this.")] = 0.1
    restore_s: Annotated[
        Duration, Meta(gt=0, description="So long after the last failure the score is its base again.")
    ] = field(default=300.0, name="restore")


class Retry(Part, frozen=True, kw_only=True):
    """When a message that no provider took is tried again."""

    first_s: Annotated[float, Meta(gt=0, description="Wait before the second round.")] = 5.0
    factor: Annotated[float, Meta(ge=1, le=100, description="Each further wait is so many times longer.")] = 2.0
    max_s: Annotated[float, Meta(gt=0, description="Longest wait.")] = 3600.0
    give_up_after_s: Annotated[Duration, Meta(gt=0, description="A message fails when it is this old.")] = field(
        default=DAY_S, name="give_up_after"
    )


class MessageClass(Named, frozen=True, kw_only=True):
    """A named policy that a message may ask for; what the message says itself goes before it."""

    lane: Annotated[Lane | None, Meta(description="Which queue it waits in.")] = None
    expires_in_s: Annotated[
        Duration | None, Meta(gt=0, description="Not sent once this much time has passed since it was accepted.")
    ] = field(default=None, name="expires_in")
    on_unsure: Annotated[
        OnUnsure | None, Meta(description="What follows an attempt without an answer; the pool's unless said.")
    ] = None
    require_tags: Annotated[tuple[Name, ...], Meta(description="Only providers with all of these tags.")] = ()
    provider: Annotated[str | None, Meta(description="Through this provider of the pool only.")] = None


class Pool(Named, frozen=True, kw_only=True):
    """One sending domain: who may send from it, and through whom. The domain is its name."""

    keys: Annotated[dict[Name, Key], Meta(description="Who may send: name and API key.")] = {}
    open: Annotated[bool, Meta(description="Whether anybody may send without a key.")] = False
    sender: Annotated[
        Literal["any", "pool_domain", "fixed"],
        Meta(description="Which From is taken: any, one of the pool's domain, or always default_from."),
    ] = "pool_domain"
    default_from: Annotated[Address | None, Meta(description="From of a message that names none.")] = None
    strategy: Annotated[
        Strategy,
        Meta(description="Who goes first: the smallest order, shares by weight (sum 1.0), or the best score."),
    ] = "priority"
    providers: Annotated[dict[Name, ProviderEntry], Meta(min_length=1, description="Who carries the mail.")]
    breaker: Annotated[Breaker, Meta(description="When a failing provider is no longer asked.")] = Breaker()
    scoring: Annotated[Scoring, Meta(description="How scores fall and heal.")] = Scoring()
    retry: Annotated[Retry, Meta(description="When a message is tried again.")] = Retry()
    failover: Annotated[
        Annotated[int, Meta(ge=1)] | Literal["all"],
        Meta(description="How many providers one round may try; 1 fails fast."),
    ] = "all"
    on_unsure: Annotated[
        OnUnsure,
        Meta(
            description="What follows an attempt that may or may not have been accepted: another provider (marked as a "
            "possible duplicate), the same again, or hold for a person."
        ),
    ] = "failover"
    classes: Annotated[dict[Name, MessageClass], Meta(description="Named policies a message may ask for.")] = {}


class Canary(Part, frozen=True, kw_only=True):
    """A small message through each provider of a pool in turn, to see that mail gets through."""

    pool: Annotated[Domain, Meta(description="The pool whose providers are tried.")]
    to: Annotated[Address, Meta(description="Who gets it: an address of yours that takes mail all the time.")]
    every_s: Annotated[
        Duration, Meta(ge=10, description="Time between two of them; each is the next provider's turn.")
    ] = field(default=300.0, name="every")


class Config(Part, frozen=True, kw_only=True):
    """Everything an operator wants of Posthouse.

    mode: where it came from: a file, variables of the environment, or neither (development). source: the file.
    text: what the file said, its secrets with it; empty where there is none. warnings: what the operator should see,
    though it works.
    """

    http: Annotated[Http, Meta(description="The HTTP door.")] = Http()
    smtp: Annotated[Smtp | None, Meta(description="The SMTP door; closed when left out.")] = None
    store: Annotated[
        Store,
        Meta(description="Where messages are kept; a relative path counts from the working directory."),
    ] = Store("sqlite", Secret("sqlite:///posthouse.db"), "sqlite:///posthouse.db", "posthouse.db")
    workers: Annotated[
        Annotated[int, Meta(ge=1, le=1024)] | Literal["auto"],
        Meta(description="Processes on this machine; more than 1 needs PostgreSQL; auto: one per core there, else 1."),
    ] = 1
    health_scope: Annotated[
        Literal["cluster", "node"],
        Meta(description="Whether a provider's health is judged from everybody's attempts or from each process's own."),
    ] = "cluster"
    admins: Annotated[dict[Name, Admin], Meta(description="Who administers all pools: name and API key.")] = {}
    retention: Annotated[Retention, Meta(description="How long finished messages are kept.")] = Retention()
    canary: Annotated[
        Canary | None, Meta(description="Small messages that try each provider in turn; none when left out.")
    ] = None
    log: Annotated[Log, Meta(description="What the log says, and how.")] = Log()
    reveal_keys: Annotated[bool, Meta(description="Whether admins are shown the providers' secrets.")] = False
    pools: Annotated[dict[Domain, Pool], Meta(min_length=1, description="The sending domains.")]
    mode: Annotated[Literal["file", "environment", "development"], UNWRITTEN] = "file"
    source: Annotated[Path | None, UNWRITTEN] = None
    text: Annotated[Secret, UNWRITTEN] = Secret("")
    warnings: Annotated[tuple[Problem, ...], UNWRITTEN] = ()

    def processes(self, cores: int) -> int:
        """How many worker processes to run on a machine with so many cores."""
        if self.workers == "auto":
            return max(1, cores) if self.store.dialect == "postgresql" else 1
        return self.workers
