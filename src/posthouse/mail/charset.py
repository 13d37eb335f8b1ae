"""Bytes of other people's mail to text, by the character set they name."""

import codecs
import re
from typing import Final

# The names that mail uses. Not every codec of Python: some of them are no character set, some take quadratic time.
_known = re.compile(
    r"utf-?8|us-ascii|ascii|iso-?8859-\d{1,2}|windows-\d{3,4}|cp\d{3,4}|koi8-[rut]|macintosh|"
    r"gb2312|gbk|gb18030|big5(?:-hkscs)?|euc-(?:jp|kr)|ks_c_5601-1987|shift[_-]jis|iso-2022-(?:jp|kr)|utf-16(?:le|be)?",
    re.IGNORECASE,
).fullmatch
_ASCII_LIKE: Final = frozenset({"us-ascii", "ascii", "iso-8859-1", "iso8859-1"})


def decoded(data: bytes, charset: str) -> str:
    """The text. Never fails: what its character set cannot explain is read as UTF-8, then as Windows-1252.

    Text that claims to be ASCII or Latin-1 is read as UTF-8 first: mail that lies says so, and neither of them
    is ever by accident valid UTF-8 with anything but ASCII in it.
    """
    name = charset.strip().lower()
    for codec in ("utf-8", name) if name in _ASCII_LIKE or not _is_known(name) else (name, "utf-8"):
        if _is_known(codec):
            try:
                return data.decode(codec)
            except UnicodeDecodeError:
                continue
    return data.decode("cp1252", "replace")


def _is_known(name: str) -> bool:
    if not _known(name):
        return False
    try:
        codecs.lookup(name)
    except LookupError:
        return False
    return True
