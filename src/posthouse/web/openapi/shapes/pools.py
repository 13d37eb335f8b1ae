"""What a pool looks like in answers: its providers and their switches, who is not sent to."""

from typing import Annotated, Literal

from msgspec import UNSET

from posthouse.routing.breaker import State
from posthouse.routing.rules import Strategy
from posthouse.routing.switch import Mode
from posthouse.web.openapi.shapes.shape import Absent, Count, Instant, Shape, said


class Switch(Shape):
    """How an operator has switched a provider. mode, rate and until: of the failure that is simulated."""

    held: Literal["no", "pause", "drain"]
    reason: str | None
    by: Annotated[str | None, said("The name of the key that switched it last.")]
    at: Instant | None
    fail: bool
    mode: Mode | Absent = UNSET
    rate: float | Absent = UNSET
    until: Instant | Absent | None = UNSET


class Provider(Shape):
    """A provider of a pool, as it stands now."""

    name: str
    type: str | None
    enabled: bool
    order: int
    weight: float
    score: float
    breaker: Annotated[State, said("`open`: nothing is sent there. `half-open`: one message is trying it.")]
    distrusted: Annotated[bool, said("Whether it comes after all others for now, because it failed of late.")]
    in_flight: Annotated[Count, said("Sends of this process that have begun and not ended.")]
    left_today: Annotated[int | None, said("Of its daily quota; null without one.")]
    left_this_month: Annotated[int | None, said("Of its monthly quota; null without one.")]
    switch: Switch
    secrets: Annotated[dict[str, str] | Absent, said("With `reveal_keys`, and to administrators only.")] = UNSET


class Pool(Shape):
    """A sending domain and its providers."""

    domain: str
    url: str
    url_send_email: str
    strategy: Strategy
    sender: Literal["any", "pool_domain", "fixed"]
    classes: list[str]
    providers: list[Provider]


class Pools(Shape):
    """The pools that the key may see."""

    pools: list[Pool]


class Suppression(Shape):
    """An address that is not sent to."""

    address: str
    reason: str
    source: Literal["operator", "provider", "sender"]
    at: Instant
    by: str | None


class Suppressions(Shape):
    """Addresses that are not sent to, in alphabetical order."""

    suppressions: list[Suppression]
    next_cursor: str | None


class Added(Shape):
    """Whether an address is new on the list."""

    address: str
    added: bool


class Additions(Shape):
    suppressions: list[Added]


class Removed(Shape):
    """Whether an address was on the list."""

    address: str
    removed: bool


class Removals(Shape):
    suppressions: list[Removed]
