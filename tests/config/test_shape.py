from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Literal

import msgspec
import pytest
from msgspec import Meta

from posthouse.config.shape import alternatives, expected, leaf, nearest, shape, within, written
from posthouse.config.values import Duration, Scalar
from posthouse.secret import Secret


class Colour(Enum):
    RED = "red"


class Made(msgspec.Struct):
    seen: int
    hidden: Annotated[int, Meta(extra={"unwritten": True})] = 0


@pytest.mark.parametrize(
    ("hint", "words"),
    [
        (str, "text"),
        (int | None, "a whole number"),
        (Annotated[int, Meta(ge=1)], "a whole number of at least 1"),
        (Annotated[float | None, Meta(gt=0, lt=2)], "a number above 0 and below 2"),
        (Annotated[float, Meta(le=2)], "a number of at most 2"),
        (Annotated[float, Meta(ge=0, le=1, description="A share.")], "a number from 0 to 1"),
        (Annotated[int, Meta(ge=1)] | Literal["auto"], "a whole number of at least 1 or auto"),
        (Literal["a", "b", "c"], "a, b or c"),
        (Literal["a"] | Made, "a or a mapping"),
        (Annotated[Duration | None, Meta(gt=0)], "a duration such as 30s, 5m, 24h or 7d"),
        (tuple[str, ...], "a list"),
        (Annotated[dict[str, int], Meta(min_length=1)], "a mapping of at least 1 entry"),
        (Annotated[str, Meta(min_length=2, max_length=5)], "text of at least 2 and at most 5 characters"),
        (Annotated[str, Meta(pattern="^x")], "text that matches ^x"),
        (Secret | None, "a secret: text, or {file: PATH}"),
        (Decimal, "a value of type Decimal"),
    ],
)
def test_a_type_is_told_in_words(hint: Any, words: str) -> None:
    assert expected(shape(hint)) == words


@pytest.mark.parametrize(
    ("value", "bounds", "fits"),
    [
        (1, Meta(ge=1), True),
        (0, Meta(ge=1), False),
        (1.0, Meta(gt=1), False),
        (2, Meta(le=1), False),
        (1, Meta(lt=1), False),
        ("auto", Meta(ge=1), True),
        ("ab", Meta(min_length=3), False),
        ((1, 2), Meta(max_length=1), False),
        ({}, Meta(min_length=1), False),
        ("ab", Meta(pattern="^a"), True),
        ("ba", Meta(pattern="^a"), False),
    ],
)
def test_a_bound_binds_the_kinds_it_is_meant_for(value: Any, bounds: Meta, fits: bool) -> None:
    assert within(value, [bounds]) is fits


def test_what_the_file_does_not_hold_is_left_out() -> None:
    assert [info.name for info in written(Made)] == ["seen"]


def test_types_that_only_a_providers_settings_know_are_read() -> None:
    assert leaf(Colour).parse(Scalar("red")) is Colour.RED
    assert leaf(Colour).parse(Scalar("blue")) is None
    assert leaf(Decimal).parse(Scalar("1.10")) == Decimal("1.10")
    assert leaf(object()).parse(Scalar("x")) is None


def test_the_name_that_was_probably_meant_is_told() -> None:
    assert nearest("api_kye", ["api_key", "domain"]) == "did you mean api_key?"
    assert nearest("Domain", ["api_key", "domain"]) == "did you mean domain?"
    assert nearest("zzz", ["b", "a"]) == "expected a or b"
    assert alternatives(["a"]) == "a"
