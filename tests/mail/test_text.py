"""Which characters may stand where."""

import pytest
from hypothesis import given

from posthouse.mail.text import BODY, LINE, NAME, as_field, body_flaw, disguises, hides, line_flaw, name_flaw
from tests.mail.hostile import DISGUISES, LINE_BREAKERS, hostile

FREE = (
    "",
    "plain",
    "  spaces  ",
    "non\u00a0breaking, 全角\u3000空白",
    "Ωμέγα مرحبا 你好 Привет",
    "👨‍👩‍👧 and 🏴󠁧󠁢󠁥󠁮󠁧󠁿",
    "علی\u200cرضا",
    "שלום\u200f",
    "=?utf-8?q?a=0D=0ABcc:_v@example.com?=",
    "\U0003fffd unassigned, \ue000 private",
)


@pytest.mark.parametrize("text", FREE, ids=ascii)
def test_every_script_may_stand_everywhere(text: str) -> None:
    assert line_flaw(text) is None
    assert name_flaw(text) is None
    assert body_flaw(text) is None


@pytest.mark.parametrize("breaker", [*LINE_BREAKERS, *map(chr, range(32)), *map(chr, range(0x7F, 0xA0))], ids=ascii)
def test_no_line_holds_a_control_character(breaker: str) -> None:
    assert line_flaw(f"a{breaker}b") == LINE
    assert name_flaw(breaker) == NAME
    assert hides(f"a{breaker}")
    assert disguises(f"{breaker}a")


@pytest.mark.parametrize("disguise", DISGUISES, ids=ascii)
def test_a_name_does_not_read_as_another(disguise: str) -> None:
    assert name_flaw(f"a{disguise}b") == NAME
    assert disguises(disguise)
    assert hides(disguise)
    assert line_flaw(f"a{disguise}b") is None, "a subject may use them"


@pytest.mark.parametrize("mark", ["\u200e", "\u200f", "\u061c"], ids=ascii)
def test_direction_marks_are_for_names_and_not_for_file_names(mark: str) -> None:
    assert name_flaw(f"שלום{mark}") is None
    assert disguises(f"fdp{mark}.exe")


def test_a_body_holds_anything_but_nul_and_half_characters() -> None:
    assert body_flaw("a\r\nb\tc\x01\x85\u2028\u202e") is None
    assert body_flaw("a\x00") == body_flaw("é\x00") == body_flaw("\ud83d") == body_flaw("é\udc00") == BODY


@given(hostile)
def test_what_passes_can_be_written_as_utf8(text: str) -> None:
    if body_flaw(text) is None or line_flaw(text) is None or name_flaw(text) is None:
        text.encode()


@given(hostile)
def test_the_name_of_a_field_can_be_shown(name: str) -> None:
    field = as_field(name * 5)
    field.encode()
    assert field.isprintable()
    assert len(field) <= 81
