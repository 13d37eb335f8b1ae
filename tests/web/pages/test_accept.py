"""Who gets a page, and who JSON."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.web.pages.accept import wants_page

FIREFOX = b"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


@pytest.mark.parametrize(
    "accept",
    [
        FIREFOX,
        b"text/html",
        b"TEXT/HTML",
        b"text/html; charset=utf-8",
        b"text/html, */*",
        b"text/*",
        b"application/json;q=0.5, text/html;q=0.6",
        b"application/json;q=0, text/html;q=0.001",
        b"*/*;q=0.1, text/html ; q=0.2",
        b"text/html;q=0.1, text/*",
    ],
)
def test_who_prefers_html_gets_a_page(accept: bytes) -> None:
    assert wants_page(accept)


@pytest.mark.parametrize(
    "accept",
    [
        None,
        b"",
        b"*/*",
        b"application/json",
        b"application/problem+json, text/html;q=0.9",
        b"application/json, text/html",
        b"text/html;q=0, */*",
        b"text/html;q=0.5, application/*",
        b"text/html;q=0.5, application/json;q=0.5",
        b"text/plain",
        b"text/html;q=2, application/json",
        b"text/html;q=, */*",
        b"text/*;q=0.3, */*;q=0.4",
    ],
)
def test_everybody_else_gets_json(accept: bytes | None) -> None:
    assert not wants_page(accept)


@given(st.binary(max_size=80))
def test_no_header_is_too_strange(accept: bytes) -> None:
    wants_page(b"text/html" + accept)


@given(st.integers(0, 1000), st.integers(0, 1000))
def test_the_greater_quality_wins_in_any_order(page: int, json: int) -> None:
    ranges = [f"text/html;q={page / 1000:.3f}", f"application/json;q={json / 1000:.3f}"]
    both = [wants_page(", ".join(order).encode()) for order in (ranges, ranges[::-1])]
    assert both == [page > json] * 2
