"""A machine reads the document and tries what it says, and what it does not say, with every kind of key.

It looks for errors of ours, for answers that are not described, for what is accepted and should not be, for calls that
do without their key, for messages that are there after they are gone. The same calls in every run.
"""

import asyncio
import os
import sys
from pathlib import Path

import pytest

from posthouse.web.openapi.operation import SUBJECTS
from tests.web.house import ADMIN_KEY, KEY, OTHER_KEY
from tests.web.test_admin import filed

CASES = int(os.environ.get("POSTHOUSE_CASES", "3"))
"""Made up for each call, beside those that cover each rule of the schema."""

HERE = Path(__file__).parents[2]


THROUGH = ("/{domain}/send", "/{domain}/{provider}/send")
NOT_THROUGH = tuple(word for path in THROUGH for word in ("--exclude-path", path))

# Together the runs try every call with every key that opens it; what costs most, a message's schema, once in full.
RUNS: dict[str, tuple[str, tuple[str, ...]]] = {
    "pool": (KEY, NOT_THROUGH),
    "other pool": (OTHER_KEY, ("--phases", "examples,fuzzing,stateful", *NOT_THROUGH)),
    "admin": (ADMIN_KEY, tuple(word for tag in SUBJECTS if tag != "messages" for word in ("--include-tag", tag))),
    "admin sends": (ADMIN_KEY, (*("--phases", "examples,coverage"), "--include-path", THROUGH[1])),
}


@pytest.mark.timeout(300)
@pytest.mark.parametrize("run", RUNS)
async def test_whatever_a_machine_tries_is_answered_as_described(tmp_path: Path, run: str) -> None:
    key, narrowed = RUNS[run]
    async with filed(tmp_path) as (house, _):
        trying = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "schemathesis.cli", "run", f"http://127.0.0.1:{house.port}/openapi.json"),
            *("--header", f"Authorization: Bearer {key}", "--checks", "all", "--continue-on-failure", *narrowed),
            *("--max-examples", str(CASES), "--generation-deterministic", "--no-color"),
            cwd=tmp_path,
            env={**os.environ, "SCHEMATHESIS_HOOKS": "tests.web.wishes", "PYTHONPATH": str(HERE)},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        told = (await trying.communicate())[0].decode()
    assert trying.returncode == 0, told
    assert " passed" in told, told
