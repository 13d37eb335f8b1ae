"""An answer is like the one that a page shows, or it is not."""

import pytest

from tests.docs.likeness import like, within

ID, OTHER = "01a2233a-7230-7180-9a08-5bec42b35569", "01a22336-0f1d-76f1-aba0-8fb42c2bbee6"


@pytest.mark.parametrize(
    ("shown", "said"),
    [
        (f"queued  {ID}", f"queued  {OTHER}"),
        ("at 2026-11-28T17:36:02.608Z", "at 2027-01-01T00:00:00.000Z"),
        ("sent   ann 2026-11-28 17:31:16", "sent ann 2026-12-01 09:00:00   \n\n"),
        ("1  first  accepted  200  6", "1  first  accepted  200  417"),
        ("…\n19 of 19 were sent", "1 text: sent\n2 html: sent\n19 of 19 were sent\n"),
        ('…"fail":false}}', '{"name":"first","at":"x","fail":false}}'),
        ("a … z", "a z"),
        ("", "\n"),
    ],
)
def test_like(shown: str, said: str) -> None:
    assert like(shown, said)


@pytest.mark.parametrize(
    ("shown", "said"),
    [
        (f"queued  {ID}", f"sent  {ID}"),
        ("1  first  deferred  503  6", "1  first  deferred  500  6"),
        ("one\ntwo", "one"),
        ("one", "one\ntwo"),
        ("…\ntwo", "one\ntwo\nthree"),
        ("provider  second", "provider  first"),
        ("sent: 3", "sent: none"),
    ],
)
def test_not_like(shown: str, said: str) -> None:
    assert not like(shown, said)


def test_lines_within_others_keep_their_order() -> None:
    assert within("one\nthree", "one\ntwo\nthree")
    assert not within("three\none", "one\ntwo\nthree")
