"""Message ids: UUIDv7 (RFC 9562), so that they sort by the time they were made."""

from typing import Final

RANDOM_BYTES: Final = 10
"""How many random bytes one id uses (74 bits of them count)."""


def uuid7(instant: float, random: bytes) -> str:
    """The id of a message accepted at `instant` (seconds since the epoch) with 10 random bytes."""
    digits = f"{int(instant * 1000):012x}{random.hex()}"
    variant = "89ab"[random[2] >> 6]
    return f"{digits[:8]}-{digits[8:12]}-7{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:]}"


def earliest(instant: float) -> str:
    """The smallest id that can have been made at `instant`: whatever was made before it sorts lower."""
    digits = f"{int(max(instant, 0) * 1000):012x}"
    return f"{digits[:8]}-{digits[8:]}-7000-8000-000000000000"
