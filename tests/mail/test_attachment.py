"""Files that travel with a message."""

import base64
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.mail.attachment import read_attachments
from posthouse.mail.limits import Limits
from posthouse.mail.message import Attachment
from posthouse.mail.problem import Problem
from tests.mail.hostile import DISGUISES, LINE_BREAKERS, hostile

LIMITS = Limits()


def read(*files: Any, limits: Limits = LIMITS) -> tuple[tuple[Attachment, ...], list[tuple[str, str]]]:
    problems: list[Problem] = []
    found = read_attachments(list(files), limits, problems)
    return found, [(problem.code, problem.field) for problem in problems]


def codes(**parts: Any) -> list[tuple[str, str]]:
    return read({"filename": "a.bin", "content": "", **parts})[1]


@given(st.binary(max_size=200))
def test_base64_and_bytes_give_the_same_file(content: bytes) -> None:
    encoded = base64.b64encode(content).decode()
    as_text, as_bytes = read({"filename": "a", "content": encoded}, {"filename": "a", "content": content})[0]
    assert as_text == as_bytes == Attachment("a", content)


def test_all_parts_are_read() -> None:
    whole = {
        "filename": "Übersicht 👩‍🚀.csv",
        "content": "YQ==",
        "content_type": 'text/csv; charset="utf-8"',
        "content_id": "a.b@c",
    }
    assert read(whole) == ((Attachment("Übersicht 👩‍🚀.csv", b"a", 'text/csv; charset="utf-8"', "a.b@c"),), [])


def test_a_type_that_is_not_given_follows_from_the_name() -> None:
    files = [
        {"filename": name, "content": "", "content_type": None}
        for name in ("a.PDF", "a.png", "a.tar.xyz", "pdf.", "png")
    ]
    types = [file.content_type for file in read(*files)[0]]
    assert types == ["application/pdf", "image/png", *["application/octet-stream"] * 2, "image/png"]


@pytest.mark.parametrize(
    "content",
    ["YQ", "YQ=", "YQ===", "YQ==YQ==", "Y Q==", "YQ==\n", "YQ\r\n==", "Y_-=", "=", "====", "é", "a", "\x00YQ=="],
    ids=ascii,
)
def test_base64_is_strict(content: str) -> None:
    assert codes(content=content) == [("attachment-content", "attachments[0].content")]


@pytest.mark.parametrize("content", [None, 7, ["YQ=="], {}])
def test_content_is_text_or_bytes(content: object) -> None:
    assert codes(content=content) == [("field-type", "attachments[0].content")]


@pytest.mark.parametrize(
    "name",
    [
        *("", ".", "..", "a/b", "/etc/passwd", "..\\a", "C:\\a", " a", "a ", "x" * 256),
        *(f"a{sign}gpj.exe" for sign in (*LINE_BREAKERS, *DISGUISES, "\u200e", "\u200f")),
    ],
    ids=ascii,
)
def test_a_file_name_is_a_name_and_no_path(name: str) -> None:
    assert codes(filename=name) == [("attachment-filename", "attachments[0].filename")]


@pytest.mark.parametrize(
    "name", ["x" * 255, "a b.txt", "a.tar.gz", "=?utf-8?q?a?=.txt", "a;b\"c'.txt", "10:30.txt", ".hidden"]
)
def test_a_file_name_may_be_strange(name: str) -> None:
    assert codes(filename=name) == []


@pytest.mark.parametrize(
    "kind",
    [
        *("text", "text/", "/plain", "text/plain;", "text/plain\r\nBcc: v", "text/plain; a=b\n", "té/x", "a/b/c"),
        *(
            "multipart/mixed",
            "Multipart/Related; boundary=x",
            "message/partial",
            "message/external-body",
            "text/plain; x",
        ),
        *(
            'text/plain; a="b',
            "x" * 128 + "/x",
            "text/plain" + "; aaaaa=bbbbbb" * 6,
            "a" * 127 + "/" + "b" * 127 + "; c=d",
        ),
    ],
    ids=ascii,
)
def test_what_is_no_media_type_of_a_file_is_refused(kind: str) -> None:
    assert codes(content_type=kind) == [("attachment-type", "attachments[0].content_type")]


@pytest.mark.parametrize("content_id", ["<a@b>", "a b", "a\r\n", "é", "a" * 129, 'a"b', "a>", "a\u2028"], ids=ascii)
def test_what_is_no_content_id_is_refused(content_id: str) -> None:
    assert codes(content_id=content_id) == [("attachment-content-id", "attachments[0].content_id")]


@pytest.mark.parametrize("part", ["filename", "content_type", "content_id"])
def test_every_part_is_a_string(part: str) -> None:
    assert codes(**{part: 7}) == [("field-type", f"attachments[0].{part}")]


def test_two_files_are_not_shown_under_one_id() -> None:
    one = {"filename": "a", "content": "", "content_id": "i"}
    assert read(one, one)[1] == [("content-id-repeated", "attachments[1].content_id")]


def test_every_problem_of_every_file_is_told() -> None:
    bad = {"filename": "a/b", "content": "?", "content_type": "x", "content_id": "<>", "name": "a"}
    assert [field for _, field in read(bad, 7, {})[1]] == [
        *(f"attachments[0].{part}" for part in ("name", "filename", "content", "content_type", "content_id")),
        "attachments[1]",
        *(f"attachments[2].{part}" for part in ("filename", "content")),
    ]


def test_number_and_size_have_a_limit() -> None:
    limits = Limits(attachments=2, attachment_bytes=3)
    file = {"filename": "a", "content": b"ab"}
    assert read({"filename": "a", "content": b"abc"}, limits=limits)[1] == []
    assert read(file, file, limits=limits)[1] == [("attachments-too-large", "attachments")]
    assert read(file, file, file, limits=limits) == ((), [("attachments-too-many", "attachments")])


def test_attachments_are_a_list() -> None:
    problems: list[Problem] = []
    assert read_attachments({"filename": "a"}, Limits(), problems) == ()
    assert [problem.code for problem in problems] == ["field-type"]


@given(hostile, hostile, hostile, hostile)
def test_what_is_kept_can_stand_in_a_header(name: str, content: str, kind: str, content_id: str) -> None:
    found, _ = read({"filename": name, "content": content, "content_type": kind, "content_id": content_id})
    for file in found:
        assert not set(file.filename + file.content_type + (file.content_id or "")) & set("\r\n\t\x00/\\\u202e") - {"/"}
        assert "/" not in file.filename
