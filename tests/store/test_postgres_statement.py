"""How rows are given to PostgreSQL."""

import msgspec

from posthouse.store.postgres.statement import INSTEAD, NUL, json, packed


def test_a_nul_is_replaced_and_what_only_looks_like_one_is_left() -> None:
    (row,) = packed([(f"a{NUL}b", NUL * 2, "\\u0000", f"\\{NUL}", None, 1.5, True)])
    assert msgspec.json.decode(row) == [f"a{INSTEAD}b", INSTEAD * 2, "\\u0000", f"\\{INSTEAD}", None, 1.5, True]


def test_json_inside_a_row_is_made_fit_by_itself() -> None:
    inner = json(msgspec.json.encode({"subject": NUL}).decode())
    (row,) = packed([(inner,)])
    (read,) = msgspec.json.decode(row)
    assert msgspec.json.decode(read) == {"subject": INSTEAD}
