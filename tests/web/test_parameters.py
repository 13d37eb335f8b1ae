from collections.abc import Callable

import msgspec
import pytest

from posthouse.intake.caller import Caller
from posthouse.web.answer import Refused
from posthouse.web.cursor import sealed
from posthouse.web.parameters import PAGE_MAX, QUERY_MAX, Parameters

CALLER = Caller("web", "example.com", seal=b"of web")


def refused(parameters: Parameters) -> list[tuple[str, str]]:
    with pytest.raises(Refused) as error:
        parameters.all_read()
    assert error.value.answer.status == 400
    return [(p["code"], p["field"]) for p in msgspec.json.decode(error.value.answer.body)["problems"]]


def test_what_is_empty_counts_as_not_given() -> None:
    parameters = Parameters(b"pool=&limit=&tag=a+b", ("pool", "limit", "tag"))
    parameters.all_read()
    assert (parameters.given, parameters.limit()) == ({"tag": "a b"}, 50)


def test_all_that_is_wrong_is_told_in_its_order() -> None:
    parameters = Parameters(b"limit=0&cursor=x&to=a&to=b&other=1", ("to", "limit", "cursor"))
    parameters.limit()
    parameters.after(CALLER, parameters.named("list"))
    assert refused(parameters) == [
        ("parameter-unknown", "to"),
        ("parameter-unknown", "other"),
        ("parameter-invalid", "limit"),
        ("parameter-invalid", "cursor"),
    ]


@pytest.mark.parametrize("limit", ["0", str(PAGE_MAX + 1), "-1", "1.0", "x", "\u0661", "9" * 3000])
def test_a_limit_is_a_number_of_one_page(limit: str) -> None:
    parameters = Parameters(f"limit={limit}".encode(), ("limit",))
    parameters.limit()
    assert refused(parameters) == [("parameter-invalid", "limit")]


def test_too_much_of_them_is_all_that_is_told() -> None:
    parameters = Parameters(b"other=1&tag=" + b"a" * QUERY_MAX, ("tag",))
    assert refused(parameters) == [("parameters-too-long", "")]


@pytest.mark.parametrize(
    ("query", "fits", "place"),
    [(b"tag=a", str.isdecimal, "12"), (b"tag=b", str.isdecimal, None), (b"tag=a", str.isalpha, None)],
)
def test_a_cursor_belongs_to_its_list_its_filters_and_its_kind_of_places(
    query: bytes, fits: Callable[[str], bool], place: str | None
) -> None:
    name = Parameters(b"tag=a&limit=7", ("tag", "limit")).named("list")
    parameters = Parameters(query + b"&cursor=" + sealed("12", CALLER, name).encode(), ("tag", "cursor"))
    assert parameters.after(CALLER, parameters.named("list"), fits) == place
    assert [problem.field for problem in parameters.problems] == ([] if place else ["cursor"])
