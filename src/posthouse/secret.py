"""A value that must never be seen: keys, passwords, signing secrets."""

import hashlib
from typing import NoReturn


class Secret:
    """Holds a secret. Printing, formatting, logging or pickling it never shows it; `reveal()` is the one way in."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The secret itself: for the wire, never for a log, an error or a page."""
        return self._value

    def digest(self) -> bytes:
        """SHA-256 of the secret (32 bytes): to compare without holding it."""
        return hashlib.sha256(self._value.encode()).digest()

    def __repr__(self) -> str:
        return "Secret(***)"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return repr(self)

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._value == other._value

    def __hash__(self) -> int:
        return hash((Secret, self._value))

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret is not pickled")
