"""The parts of a body that were not given."""

import subprocess
import sys
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.mail.derive import HTML_MAX, html_from_markdown, text_from_html
from posthouse.mail.text import body_flaw
from tests.mail.hostile import hostile, scripts


def test_markdown_becomes_html() -> None:
    assert html_from_markdown("# Hi\n\nSee *[this](https://example.com/?a=1&b=2)*.") == (
        '<h1>Hi</h1>\n<p>See <em><a href="https://example.com/?a=1&amp;b=2">this</a></em>.</p>\n'
    )
    assert "<td>1</td>" in html_from_markdown("|a|\n|-|\n|1|")
    assert "<s>no</s>" in html_from_markdown("~~no~~")


def test_html_inside_markdown_is_shown_and_not_obeyed() -> None:
    assert html_from_markdown("<script>alert(1)</script>") == "<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>\n"
    assert "href" not in html_from_markdown("[x](javascript:alert(1))")


PAGE = """
<html><head><title>no</title><style>p { color: red }</style></head><body>
<div style="display: none">preheader</div>
<table><tr><td><table><tr><td>
<h1>Hi   &amp; welcome</h1>
<p>See <a href="https://example.com/a?b=1&amp;c=2">this <b>one</b></a>, or write to
<a href="mailto:ann@example.com">ann@example.com</a>.<br>Yours,<br>Ann</p>
</td><td>side</td></tr></table></td></tr></table>
<ul><li>one<li><p>two</p><ol><li>first</li><li>second</li></ol></ul>
<pre>  code
    more</pre>
<blockquote><p>quoted</p></blockquote>
<a href="javascript:alert(1)">trap</a> <a href="https://example.com/"><img alt="Logo" src="x"></a><hr>
<p>write &amp;lt;b&amp;gt; &nbsp; here</p><script>alert(1)</script><!-- no -->
</body></html>
"""

TEXT = """\
Hi & welcome

See this one (https://example.com/a?b=1&c=2), or write to ann@example.com.
Yours,
Ann

side

* one

* two

  1. first
  2. second

  code
    more

> quoted

trap Logo (https://example.com/)

---

write &lt;b&gt; here"""


def test_html_becomes_the_text_a_person_would_write() -> None:
    assert text_from_html(PAGE) == TEXT


@pytest.mark.parametrize("html", ["", "   ", "<!-- x -->", "<script>x</script>"])
def test_html_that_says_nothing_is_empty_text(html: str) -> None:
    assert text_from_html(html) == ""


def test_the_claims_of_a_page_about_its_characters_are_not_believed() -> None:
    assert (
        text_from_html('<?xml version="1.0" encoding="utf-16"?><meta charset="iso-8859-1"><p>é中👩‍🚀</p>') == "é中👩‍🚀"
    )


BOMBS = {
    "nested blocks": "<div>" * 90_000 + "deep",
    "nested spans": "<b>" * 100_000 + "deep",
    "nested quotes": "<blockquote>" * 40_000 + "deep",
    "nested lists": "<ul><li>" * 60_000 + "deep",
    "nested tables": "<table><tr><td>" * 30_000 + "deep",
    "nested links": '<a href="https://example.com/">' * 16_000 + "deep",
    "links in italics": '<a href="https://example.com/"><i>deep ' * 12_000,
    "links in blocks": '<a href="https://example.com/"><div>' * 13_000 + "deep",
    "wide table": "<table>" + "<tr><td>x</td></tr>" * 5_000 + f"<tr><td>{'deep' * 50_000}</td></tr></table>",
    "huge padding": '<p style="padding-left: 100000em; margin: 99999em">deep</p>' * 8_000,
    "endless number": f'<p style="padding-left:{"9" * 400}em"><ol start={"9" * 400}><li>deep',
    "inline text": "<p>" + "<b>deep</b>" * 40_000,
    "line breaks": "<br>" * 120_000 + "deep",
    "angle brackets": "<" * 400_000 + " deep",
    "open tags": "<a " * 100_000 + ">deep",
    "open comments": "<!--" * 100_000 + "-->deep",
    "entities": "&#x41;" * 80_000 + "deep",
    "attributes": "<p " + " ".join(f"a{n}=1" for n in range(50_000)) + ">deep",
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_no_page_costs_more_than_its_length(bomb: str) -> None:
    html = BOMBS[bomb]
    begun = time.process_time()
    text = text_from_html(html)
    assert time.process_time() - begun < 2
    assert text is not None
    assert "deep" in text
    assert len(text) <= 2 * len(html)


def test_a_page_that_is_too_long_has_no_text() -> None:
    assert text_from_html("x" * HTML_MAX) == "x" * HTML_MAX
    assert text_from_html("x" * (HTML_MAX + 1)) is None


TAGS = (
    "<p>",
    "</p>",
    "<br>",
    "<ul>",
    "<ol>",
    "<li>",
    "</ul>",
    "<a href='https://example.com/'>",
    "</a>",
    "<pre>",
    "<b",
    "-->",
)
tags = st.sampled_from(TAGS)


@given(st.lists(tags | scripts | hostile, max_size=12).map("".join))
def test_nothing_makes_it_fail(text: str) -> None:
    if body_flaw(text) is None:
        derived = text_from_html(text)
        assert derived is None or body_flaw(derived) is None
        assert body_flaw(html_from_markdown(text)) is None


@given(scripts)
def test_escaped_text_comes_out_as_it_was(text: str) -> None:
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    assert text_from_html(f"<p>{escaped}</p>") == " ".join(text.split())


def test_who_derives_nothing_does_not_load_the_parsers() -> None:
    code = (
        "import sys; from posthouse.mail.validate import validate; "
        "validate({'from': 'a@example.com', 'to': 'b@example.com', 'text': 'x'}); "
        "sys.exit('lxml' in sys.modules or 'markdown_it' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
