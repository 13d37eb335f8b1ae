import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from posthouse.web.multipart import BOUNDARY_MAX, HEADERS_MAX, Malformed, Part, parts

KIND = "multipart/form-data; boundary=line"
MOST = 100

contents = st.binary(max_size=200) | st.lists(st.sampled_from([b"\r\n", b"--", b"-", b"lin", b"\r", b"\n", b"x"])).map(
    b"".join
)


def written(*pieces: tuple[bytes, bytes]) -> bytes:
    """A body of parts given as headers and content."""
    return (
        b"".join(b"--line\r\n" + head + b"\r\n\r\n" + content + b"\r\n" for head, content in pieces) + b"--line--\r\n"
    )


def field(name: str, *more: str) -> bytes:
    return "; ".join([f'Content-Disposition: form-data; name="{name}"', *more]).encode()


def refused(body: bytes, kind: str = KIND, most: int = MOST) -> str:
    with pytest.raises(Malformed) as error:
        parts(body, kind, most)
    return str(error.value)


def test_fields_and_files_come_in_their_order_as_they_were_written() -> None:
    file = field("attachment", 'filename="Ä.txt"') + b"\r\nContent-Type: text/plain; charset=x"
    body = written((field("subject"), "Grüße".encode()), (file, b"\x00\xff\r\n"), (field("to"), b""))
    assert parts(body, KIND, MOST) == [
        Part("subject", None, "", "Grüße".encode()),
        Part("attachment", "Ä.txt", "text/plain; charset=x", b"\x00\xff\r\n"),
        Part("to", None, "", b""),
    ]
    assert parts(bytearray(body), KIND, MOST)[0].text == "Grüße"


@given(st.lists(contents.filter(lambda content: b"\r\n--line" not in b"\r\n" + content), max_size=5), st.binary())
@settings(max_examples=50)
def test_contents_arrive_byte_for_byte_whatever_they_are(given_contents: list[bytes], epilogue: bytes) -> None:
    file = field("f", "filename=f")
    body = written(*[(file, content) for content in given_contents]) + epilogue
    assert [part.content for part in parts(body, KIND, MOST)] == given_contents


@given(st.binary(max_size=300) | st.lists(st.sampled_from([b"--line", b"\r\n", b"--", b":", field("a")])).map(b"".join))
@settings(max_examples=50)
def test_any_bytes_are_read_or_refused_and_never_a_fault(body: bytes) -> None:
    try:
        found = parts(body, KIND, MOST)
        assert all(part.text == "" or part.text for part in found)
    except Malformed:
        pass


def test_what_comes_before_the_first_boundary_and_after_the_last_is_left_out() -> None:
    body = b"preamble\r\n" + written((field("a"), b"1")) + b"--line\r\nepilogue"
    assert [part.text for part in parts(body, KIND, MOST)] == ["1"]


def test_a_form_without_parts_is_empty() -> None:
    assert parts(b"--line--\r\n", KIND, MOST) == []


@pytest.mark.parametrize("cut", range(1, 30))
def test_a_body_that_is_cut_is_refused_and_its_last_file_not_forgotten(cut: int) -> None:
    body = written((field("to"), b"ann@example.com"), (field("f", "filename=f"), b"content"))
    told = "expected the boundary after the last part; the body seems to be cut"
    assert refused(body[: -cut - len("--\r\n")]) == told


def test_a_boundary_inside_a_line_or_followed_by_text_is_not_guessed_about() -> None:
    assert refused(written((field("a"), b"1\r\n--linear"))) == "expected a line break after the boundary"
    assert [part.text for part in parts(written((field("a"), b"1 --line")), KIND, MOST)] == ["1 --line"]


@pytest.mark.parametrize(
    ("kind", "why"),
    [
        ("multipart/form-data", "expected a boundary in the Content-Type"),
        ("multipart/form-data; boundary=", "expected a boundary in the Content-Type"),
        (f"multipart/form-data; boundary={'x' * (BOUNDARY_MAX + 1)}", "expected a boundary in the Content-Type"),
        ("multipart/form-data; boundary=é", "expected a boundary in the Content-Type"),
        ("multipart/form-data; boundary=other", "expected the boundary that the Content-Type names"),
        ("multipart/form-data" + "; a=b" * 100, "expected headers with fewer parameters"),
    ],
)
def test_a_boundary_that_is_missing_or_wrong_is_named(kind: str, why: str) -> None:
    assert refused(written((field("a"), b"1")), kind) == why


@pytest.mark.parametrize(
    ("head", "why"),
    [
        (b"", "expected each part to have a Content-Disposition: form-data with a name"),
        (b"Content-Type: text/plain", "expected each part to have a Content-Disposition: form-data with a name"),
        (b"Content-Disposition: attachment; name=a", "expected each part to have a Content-Disposition: form-data"),
        (b"Content-Disposition: form-data; filename=a", "expected each part to have a Content-Disposition: form-data"),
        (field("a") + b"\r\n" + field("b"), "expected each header of a part once"),
        (field("a") + b"\r\nno header", "expected each part to have headers that can be read"),
        (field("a") + b"\r\nContent-Transfer-Encoding: base64", "expected each part as it is, without a Content-Tr"),
        (field("a", 'filename="\xe9"').decode().encode("latin-1"), "expected names and text in UTF-8"),
        (field("a") + b"\r\nX: " + b"x" * HEADERS_MAX, f"expected each part with headers of at most {HEADERS_MAX}"),
        (field("a", *["b=c"] * 50), "expected headers with fewer parameters"),
    ],
)
def test_a_part_with_other_headers_is_refused_with_a_reason(head: bytes, why: str) -> None:
    assert refused(written((head, b"1"))).startswith(why)


def test_a_part_without_the_end_of_its_headers_is_refused() -> None:
    assert "headers" in refused(b"--line\r\n" + field("a") + b"\r\n--line--\r\n")


def test_text_is_utf_8_and_nothing_else() -> None:
    latin, said = (field("a"), b"\xe9"), (field("a") + b"\r\nContent-Type: text/plain; charset=iso-8859-1", b"e")
    for part in (*parts(written(latin), KIND, MOST), *parts(written(said), KIND, MOST)):
        with pytest.raises(Malformed, match="UTF-8"):
            _ = part.text
    named = (field("a") + b"\r\nContent-Type: text/plain; charset=UTF-8", "é".encode())
    assert parts(written(named), KIND, MOST)[0].text == "é"


def test_a_file_name_may_be_extended_as_rfc_2231_says() -> None:
    (part,) = parts(written((field("f", "filename*=utf-8''%E2%82%AC.txt"), b"1")), KIND, MOST)
    assert part.filename == "€.txt"


def test_more_parts_than_allowed_are_refused_at_once() -> None:
    assert refused(written(*[(field("a"), b"")] * 4), most=3) == "expected at most 3 parts"


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"a" * 10_000_000, id="preamble"),
        pytest.param(b"--line\r\n" + b"a: b\r\n" * 2_000_000, id="headers"),
        pytest.param(b"--line\r\n" * 1_000_000, id="boundaries"),
        pytest.param(b"\r\n--lin" * 1_000_000, id="nearly boundaries"),
        pytest.param(b"--line\r\nContent-Disposition: " + b"a=b;" * 2_000_000, id="parameters"),
        pytest.param(b"\r\n\r\n--line\r\n" * 1_000_000, id="empty parts"),
    ],
)
def test_what_is_made_to_take_long_does_not(body: bytes) -> None:
    began = time.perf_counter()
    refused(body)
    assert time.perf_counter() - began < 5.0
