"""How long the fault tests run, and by which seed: said by `make soak`, and otherwise short and any."""

import os
from random import Random
from typing import Final

SOAK: Final = "POSTHOUSE_SOAK" in os.environ
SEED: Final = int(os.environ.get("POSTHOUSE_SEED") or Random().randrange(1, 2**32))


def rounds(name: str, short: int, long: int) -> int:
    """How often: as POSTHOUSE_name says; where it does not, many times in a soak, and a few otherwise."""
    return int(os.environ.get(f"POSTHOUSE_{name}") or (long if SOAK else short))


def chance(of: object) -> Random:
    """What chance decides in one test, or in one part of it. The seed repeats it; the machine's own timing differs."""
    return Random(f"{SEED} {of}")
