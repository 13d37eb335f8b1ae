"""A pool of the configuration, described field by field: who may send through it, who carries its mail, and how."""

from typing import Annotated, Any, Literal

from msgspec import Meta, field

from posthouse.config.part import DAY_S, SETTLED_LATER, UNWRITTEN, Named, Part
from posthouse.config.values import Digest, Duration, Instant, Name, Recipients
from posthouse.mail.message import Address, OnUnsure
from posthouse.routing.rules import Rate, Strategy

Lane = Literal["critical", "normal", "bulk"]


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

    keys: Annotated[dict[Name, Key], Meta(description="Who may send: name and API key.")] = field(default_factory=dict)
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
    classes: Annotated[dict[Name, MessageClass], Meta(description="Named policies a message may ask for.")] = field(
        default_factory=dict
    )
