from typing import Any
from urllib.parse import urlencode

import msgspec
import pytest

from posthouse.web.answer import Refused
from posthouse.web.form import FIELDS_MAX, LISTS, multipart, urlencoded

KIND = "multipart/form-data; boundary=line"


def detail(refused: "pytest.ExceptionInfo[Refused]") -> str:
    answer = refused.value.answer
    assert answer.status == 400
    found: str = msgspec.json.decode(answer.body)["detail"]
    return found


def part(name: str, content: str, filename: str | None = None, kind: str | None = None) -> str:
    file = "" if filename is None else f'; filename="{filename}"'
    typed = "" if kind is None else f"\r\nContent-Type: {kind}"
    return f'--line\r\nContent-Disposition: form-data; name="{name}"{file}{typed}\r\n\r\n{content}\r\n'


def read(*pieces: str) -> dict[str, Any]:
    return multipart("".join([*pieces, "--line--\r\n"]).encode(), KIND)


def test_a_form_gives_each_field_as_text() -> None:
    assert urlencoded(b"subject=Gr%C3%BC%C3%9Fe+%26+mehr&text=") == {"subject": "Grüße & mehr", "text": ""}
    assert read(part("subject", "Grüße & mehr"), part("text", "")) == {"subject": "Grüße & mehr", "text": ""}


@pytest.mark.parametrize("name", sorted(LISTS))
def test_a_field_of_several_values_is_a_list_however_often_it_is_written(name: str) -> None:
    assert urlencoded(f"{name}=a".encode()) == {name: ["a"]}
    assert urlencoded(f"{name}=a&{name}=b".encode()) == {name: ["a", "b"]}
    assert read(part(name, "a"), part(name, "b")) == {name: ["a", "b"]}


def test_another_field_that_is_written_twice_is_refused_and_named() -> None:
    with pytest.raises(Refused) as refused:
        urlencoded(b"subject=a&subject=b")
    assert detail(refused) == "Expected the field 'subject' once."
    with pytest.raises(Refused) as refused:
        read(part("text", "a"), part("text", "a"))
    assert detail(refused) == "Expected the field 'text' once."


@pytest.mark.parametrize(
    "body",
    [
        b"subject",
        b"a=1&&b=2",
        b"subject=%FF",
        b"subject=%C3",
        "subject=é".encode(),
        b"\xef\xbb\xbfsubject=a",
        b"&".join([b"to=a"] * (FIELDS_MAX + 1)),
    ],
)
def test_what_is_no_form_in_percent_encoded_utf_8_is_refused(body: bytes) -> None:
    with pytest.raises(Refused) as refused:
        urlencoded(body)
    assert "percent-encoded UTF-8" in detail(refused)


def test_a_million_fields_are_refused() -> None:
    with pytest.raises(Refused):
        urlencoded(b"to=a&" * 1_000_000 + b"to=a")


def test_an_empty_form_has_no_fields() -> None:
    assert urlencoded(b"") == {}
    assert read() == {}


def test_files_become_attachments_whatever_their_field_is_called() -> None:
    found = read(part("a", "1", "a.txt", "text/plain"), part("text", "Hi"), part("upload[]", "2", "Ω.bin"))
    assert found == {
        "text": "Hi",
        "attachments": [
            {"filename": "a.txt", "content": b"1", "content_type": "text/plain"},
            {"filename": "Ω.bin", "content": b"2"},
        ],
    }


def test_a_file_in_a_field_inline_is_shown_by_its_name() -> None:
    found = read(part("inline", "1", "logo.png", "image/png"))
    assert found["attachments"][0]["content_id"] == "logo.png"


def test_a_file_field_for_which_nobody_chose_a_file_is_no_attachment() -> None:
    assert read(part("file", "", "", "application/octet-stream"), part("to", "a")) == {"to": ["a"]}
    assert read(part("file", "content", ""))["attachments"] == [{"filename": "", "content": b"content"}]


def test_files_beside_a_field_of_the_name_attachments_are_refused() -> None:
    with pytest.raises(Refused) as refused:
        read(part("attachments", "[]"), part("file", "1", "a.txt"))
    assert "no field 'attachments'" in detail(refused)


@pytest.mark.parametrize("name", ["headers", "metadata"])
def test_a_mapping_is_written_as_json_or_entry_by_entry(name: str) -> None:
    wanted = {name: {"order": "17", "a[b]": "x"}}
    assert urlencoded(f'{name}={{"order": "17", "a[b]": "x"}}'.encode()) == wanted
    assert urlencoded(f"{name}[order]=17&{name}[a[b]]=x".encode()) == wanted
    assert read(part(f"{name}[order]", "17"), part(f"{name}[a[b]]", "x")) == wanted
    assert read(part(name, '{"order": "17", "a[b]": "x"}')) == wanted


@pytest.mark.parametrize("text", ["", "order=17", "[1]", '{"a": "1", "a": "2"}', '{"a": NaN}', "{", "7"])
def test_a_mapping_that_is_no_json_object_is_left_for_its_judge(text: str) -> None:
    assert urlencoded(urlencode([("metadata", text)]).encode()) == {"metadata": text}


@pytest.mark.parametrize(
    "body", ["metadata[a]=1&metadata[a]=2", 'metadata={"a":"1"}&metadata[b]=2', "metadata=&metadata="]
)
def test_an_entry_is_written_once_and_a_mapping_in_one_way(body: str) -> None:
    with pytest.raises(Refused) as refused:
        urlencoded(body.encode())
    assert "once" in detail(refused)


def test_brackets_elsewhere_are_a_name_like_any_other() -> None:
    assert urlencoded(b"tags[a]=1&metadata[]=2&metadata=") == {"tags[a]": "1", "metadata[]": "2", "metadata": ""}


def test_a_cut_body_is_refused_with_a_reason() -> None:
    with pytest.raises(Refused) as refused:
        multipart(part("file", "1", "a.txt").encode(), KIND)
    assert "the body seems to be cut" in detail(refused)


def test_more_parts_than_a_message_has_are_refused() -> None:
    with pytest.raises(Refused) as refused:
        read(*[part("to", "a")] * (FIELDS_MAX + 1))
    assert f"at most {FIELDS_MAX} parts" in detail(refused)
