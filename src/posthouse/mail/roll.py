"""Reads the mailboxes of an address header as mail programs write them: names, comments, groups and all."""

import re
from itertools import groupby
from typing import Final

from posthouse.mail.problem import Flaw
from posthouse.mail.words import decode_words, word_at

UNREADABLE: Final = Flaw("address-invalid", "Expected mailboxes divided by commas, quotes and brackets closed.")
_spaces = re.compile(" +")


def read_roll(text: str) -> list[dict[str, str]] | Flaw:
    """The mailboxes as objects of email and name. Comments and the names of groups are left out.

    Only taken apart here; whether each is an address is for `posthouse.mail.address` to say.
    """
    found: list[dict[str, str]] = []
    words: list[tuple[str, bool]] = []
    email: str | None = None
    at = 0
    while at < len(text):
        character = text[at]
        if character == "=" and (word := word_at(text, at)):
            words.append((word[0], False))
            at = word.end()
        elif character == '"':
            quoted = _until(text, at, '"')
            if quoted is None:
                return UNREADABLE
            words.append((quoted[0], True))
            at = quoted[1]
        elif character == "(":
            after = _after_comment(text, at)
            if after is None:
                return UNREADABLE
            at = after
        elif character == "<":
            closed = text.find(">", at)
            if closed < 0 or email is not None:
                return UNREADABLE
            email, at = text[at + 1 : closed].strip(), closed + 1
        elif character in ",;":
            _finish(found, words, email)
            words, email, at = [], None, at + 1
        elif character == ":" and email is None:
            words, at = [], at + 1
        else:
            plain = at
            at += 1
            while at < len(text) and text[at] not in '"(<,;:=':
                at += 1
            words.append((text[plain:at], False))
    _finish(found, words, email)
    return found


def _finish(found: list[dict[str, str]], words: list[tuple[str, bool]], email: str | None) -> None:
    """Adds the mailbox that is over, if there was one. What was quoted keeps its spaces."""
    runs = [("".join([text for text, _ in run]), quoted) for quoted, run in groupby(words, key=lambda word: word[1])]
    texts = [text if quoted else _spaces.sub(" ", text) for text, quoted in runs]
    if texts and not runs[0][1]:
        texts[0] = texts[0].lstrip(" ")
    if texts and not runs[-1][1]:
        texts[-1] = texts[-1].rstrip(" ")
    name = "".join(texts)
    if email is not None:
        found.append({"email": email, "name": decode_words(name)})
    elif name:
        found.append({"email": name, "name": ""})


def _until(text: str, at: int, close: str) -> tuple[str, int] | None:
    """The quoted text that begins at `at`, unescaped, and where it is over."""
    pieces: list[str] = []
    at += 1
    while at < len(text):
        if text[at] == close:
            return "".join(pieces), at + 1
        if text[at] == "\\" and at + 1 < len(text):
            at += 1
        pieces.append(text[at])
        at += 1
    return None


def _after_comment(text: str, at: int) -> int | None:
    depth = 0
    while at < len(text):
        if text[at] == "\\":
            at += 1
        elif text[at] == "(":
            depth += 1
        elif text[at] == ")":
            depth -= 1
            if depth == 0:
                return at + 1
        at += 1
    return None
