"""Strings that try to be more than text, and strategies that combine them.

Random characters alone do not find header injections; combinations of these tokens do.
"""

from typing import Final

from hypothesis import strategies as st

TOKENS: Final = (
    "\r\n",
    "\r",
    "\n",
    "\x00",
    "\t",
    "\x0b",
    "\x1b[31m",
    "\x7f",
    "\x85",
    "\u2028",
    "\u2029",
    "\u202e",
    "\u2066",
    "\u200b",
    "\u200d",
    "\ufeff",
    "\ud800",
    "=?utf-8?q?",
    "=?utf-8?b?",
    "=?us-ascii?Q?=0D=0ABcc:_v@example.com?=",
    "?=",
    "=0D=0A",
    "=0A",
    "DQpCY2M6",
    "Bcc:",
    "Bcc: v@example.com",
    "Content-Type: text/html",
    "\r\n\r\n<script>",
    "--=_mixed_",
    "--",
    "=_alternative_",
    '"',
    "\\",
    "'",
    "<",
    ">",
    "(",
    ")",
    ",",
    ";",
    ":",
    "@",
    "%0d%0a",
    "%",
    "*",
    "utf-8''",
    "{{name}}",
    "../",
    ".",
    "From ",
    " ",
    "  ",
    "a",
    "ann@example.com",
    "é",
    "Ωμέγα",
    "مرحبا",
    "你好",
    "Привет",
    "👩‍🚀",
    "x" * 90,
)
"""What has broken mail software before, and what must pass."""

hostile: Final = st.lists(st.sampled_from(TOKENS), max_size=12).map("".join) | st.text(max_size=40)
"""Text nobody has looked at."""

scripts: Final = st.lists(
    st.sampled_from(
        (
            "Ελληνικά",
            "العربية",
            "中文",
            "日本語",
            "Кириллица",
            "👩‍🚀",
            "é",
            "word",
            "a b",
            "=?",
            "?=",
            "<p>",
            ".",
            "From ",
            "=",
            '"',
        )
    ),
    max_size=30,
).map("".join)
"""Text of several scripts that is allowed everywhere."""

LINE_BREAKERS: Final = (
    "\r\n",
    "\r",
    "\n",
    "\x00",
    "\t",
    "\x0b",
    "\x0c",
    "\x1b",
    "\x7f",
    "\x85",
    "\x9f",
    "\u2028",
    "\u2029",
    "\ud800",
)
"""What no line of a header may hold."""

DISGUISES: Final = ("\u202a", "\u202e", "\u2066", "\u2069", "\u200b", "\u2060", "\ufeff")
"""What makes a name read as another."""
