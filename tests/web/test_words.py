from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.web.answer import Refused
from posthouse.web.words import choice, number, read_words, reason, truth

READERS = {"fail": truth, "mode": choice("error", "timeout"), "rate": number(0.0, 1.0), "reason": reason}


def refused(**given: Any) -> list[tuple[str, str]]:
    with pytest.raises(Refused) as error:
        read_words(given, READERS)
    assert error.value.answer.status == 422
    return [(p["code"], p["field"]) for p in msgspec.json.decode(error.value.answer.body)["problems"]]


def test_words_mean_the_same_in_json_and_in_a_form() -> None:
    wanted = {"fail": True, "mode": "error", "rate": 0.5, "reason": "x"}
    assert read_words(wanted, READERS) == wanted
    assert read_words({"fail": "TRUE", "mode": "error", "rate": "0.5", "reason": "x"}, READERS) == wanted
    assert read_words({"fail": "off"}, READERS) == {"fail": False}


def test_null_and_a_key_among_them_are_passed_over() -> None:
    assert read_words({"fail": None, "pool_api_key": "x", "root_api_key": "x", "admin_api_key": "x"}, READERS) == {}


def test_every_problem_is_told_at_once() -> None:
    assert refused(fail="perhaps", mode="", rate=2, reason="a\x00b", more=1) == [
        ("field-type", "fail"),
        ("choice-unknown", "mode"),
        ("number-range", "rate"),
        ("line-unsafe", "reason"),
        ("field-unknown", "more"),
    ]


@pytest.mark.parametrize("rate", [0, 0.0, -1, 1.1, True, None.__class__, "nan", "inf", "1" * 21, "half", [], {}])
def test_a_number_is_one_within_its_bounds(rate: Any) -> None:
    assert refused(rate=rate) == [("number-range", "rate")]


@given(st.dictionaries(st.text(max_size=5), st.none() | st.booleans() | st.floats() | st.text(max_size=30), max_size=5))
def test_whatever_is_said_is_read_or_refused(said: dict[str, Any]) -> None:
    try:
        found = read_words(said, READERS)
    except Refused:
        return
    assert found.keys() <= READERS.keys()
