"""The whole configuration, described field by field. What is said here and in `pool` is what the file may say.

The reader, the reference page and the JSON Schema are made from these structs: a field's name in the file, its type,
its bounds, its default and its description. Durations and instants are seconds; a `Named` entry takes its name from its
key in the file. Values are read-only: a reload makes a new Config.
"""

from pathlib import Path
from typing import Annotated, Literal

from msgspec import Meta, field

from posthouse.config.part import DAY_S, UNWRITTEN, Named, Part
from posthouse.config.pool import Pool
from posthouse.config.problem import Problem
from posthouse.config.values import Digest, Domain, Duration, Endpoint, Name, Origin, Readable, Store, Url
from posthouse.mail.message import Address
from posthouse.secret import Secret

Role = Literal["all", "web", "delivery"]
"""What a process does: accept, send, or both."""


class Tls(Part, frozen=True, kw_only=True):
    """A certificate for STARTTLS."""

    cert: Annotated[Readable, Meta(description="Certificate chain, PEM.")]
    key: Annotated[Readable, Meta(description="Private key of the certificate, PEM.")]


class Http(Part, frozen=True, kw_only=True):
    """The HTTP door."""

    listen: Annotated[Endpoint, Meta(description="Where to listen.")] = Endpoint("127.0.0.1", 8080)
    public_url: Annotated[
        Url | None,
        Meta(description="How others reach this server, for links and webhooks. Not in force: nothing makes one yet."),
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
    admins: Annotated[dict[Name, Admin], Meta(description="Who administers all pools: name and API key.")] = field(
        default_factory=dict
    )
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
