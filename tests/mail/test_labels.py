"""Tags and metadata."""

import pytest

from posthouse.mail.labels import read_metadata, read_tags
from posthouse.mail.limits import Limits
from posthouse.mail.problem import Problem
from tests.mail.hostile import LINE_BREAKERS

LIMITS = Limits()


def tags(value: object) -> tuple[tuple[str, ...], list[tuple[str, str]]]:
    problems: list[Problem] = []
    return read_tags(value, LIMITS, problems), [(problem.code, problem.field) for problem in problems]


def metadata(value: object) -> tuple[tuple[tuple[str, str], ...], list[tuple[str, str]]]:
    problems: list[Problem] = []
    return read_metadata(value, LIMITS, problems), [(problem.code, problem.field) for problem in problems]


def test_each_tag_is_kept_once_and_one_string_is_one_tag() -> None:
    assert tags(["welcome", "Größe", "welcome", "=?utf-8?q?x?="]) == (("welcome", "Größe", "=?utf-8?q?x?="), [])
    assert tags("welcome, home") == (("welcome, home",), [])


@pytest.mark.parametrize("breaker", LINE_BREAKERS, ids=ascii)
def test_a_label_is_one_line(breaker: str) -> None:
    assert tags(["a", f"a{breaker}b"]) == (("a",), [("line-unsafe", "tags[1]")])
    assert metadata({"k": f"a{breaker}b"}) == ((), [("line-unsafe", "metadata.k")])


def test_what_is_no_tag_is_refused() -> None:
    assert tags(["", "  ", "x" * 129, 7]) == (
        (),
        [("tag-invalid", "tags[0]"), ("tag-invalid", "tags[1]"), ("tag-invalid", "tags[2]"), ("field-type", "tags[3]")],
    )
    assert tags({"a": "b"})[1] == [("field-type", "tags")]
    assert tags(["x" * 128])[1] == []


def test_labels_have_a_limit() -> None:
    assert tags([str(n) for n in range(20)])[1] == []
    assert tags([str(n) for n in range(21)]) == ((), [("tags-too-many", "tags")])
    assert metadata({str(n): "" for n in range(50)})[1] == []
    assert metadata({str(n): "" for n in range(51)}) == ((), [("metadata-too-many", "metadata")])


def test_metadata_is_a_map_of_strings() -> None:
    assert metadata({"order.id": "17", "a-b_c": "Ωμέγα"}) == ((("order.id", "17"), ("a-b_c", "Ωμέγα")), [])
    assert metadata(["a"])[1] == [("field-type", "metadata")]
    assert metadata({"order": 17})[1] == [("field-type", "metadata.order")]
    assert metadata({"k": "x" * 501})[1] == [("metadata-value", "metadata.k")]


@pytest.mark.parametrize("key", ["", "a b", "a\r\nb", "é", "x" * 51, "a:b"], ids=ascii)
def test_a_key_is_a_plain_word(key: str) -> None:
    assert [code for code, _ in metadata({key: "v"})[1]] == ["metadata-key"]
