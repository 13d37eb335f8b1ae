"""The second opinion on our own output."""

import pytest

from posthouse.mail.split import OutputBroken, expect, header_names


def test_the_names_of_all_headers_are_found() -> None:
    raw = b"From: a@example.com\r\nSubject: x\r\n Bcc: folded\r\n\tTo: too\r\nX-A:\r\nX-A: 2\r\n\r\nCc: body\r\n"
    assert header_names(raw) == ["From", "Subject", "X-A", "X-A"]
    expect(raw, ["X-A", "From", "Subject", "X-A"])


@pytest.mark.parametrize(
    "raw",
    [
        b"A: b\r\nno colon\r\n\r\n",
        b"A: b\r\n: no name\r\n\r\n",
        b"A : b\r\n\r\n",
        b"\xc3\xa9: b\r\n\r\n",
        b" continuation of nothing\r\n\r\n",
        b"A: b\r\n \r\n\r\n",
        b"A: b\n\r\n\r\n",
        b"A: b\r\n\r\nbare \n in the body",
        b"A: b\r\n\r\nbare \r in the body",
        b"A: b\r\n",
        b"",
        b"A: " + b"x" * 996 + b"\r\n\r\n",
    ],
)
def test_what_is_no_message_is_not_read(raw: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        header_names(raw)
    with pytest.raises(OutputBroken):
        expect(raw, ["A"])


@pytest.mark.parametrize("names", [[], ["A"], ["A", "B", "B"], ["A", "b"], ["A", "B", "Bcc"]])
def test_a_header_more_or_less_stops_everything(names: list[str]) -> None:
    with pytest.raises(OutputBroken):
        expect(b"A: 1\r\nB: 2\r\n\r\n", names)
