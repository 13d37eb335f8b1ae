"""What is made of the answers of an advisory service."""

from importlib.util import module_from_spec, spec_from_file_location
from types import ModuleType
from typing import Any

import pytest

from tests.deploy.tools import ROOT

GOOD = {"name": "good", "version": "1", "vulns": []}
UNASKED = {"name": "unasked", "skip_reason": "not found"}
HOLED = {"name": "holed", "version": "2", "vulns": [{"id": "PYSEC-1", "fix_versions": ["3"]}]}


@pytest.fixture(scope="module")
def advisories() -> ModuleType:
    spec = spec_from_file_location("advisories", ROOT / "deploy" / "advisories.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("found", "if_reachable", "status", "told"),
    [
        ([GOOD], False, 0, "none for 1 packages"),
        ([GOOD, HOLED], False, 1, "holed 2: PYSEC-1, mended in 3"),
        ([GOOD, HOLED], True, 1, "PYSEC-1"),
        ([UNASKED, HOLED], True, 1, "PYSEC-1"),
        ([GOOD, UNASKED], True, 1, "unasked"),
        ([UNASKED], False, 1, "unasked"),
        ([UNASKED], True, 0, "NOT asked"),
        ([], True, 1, "anything"),
    ],
)
def test_only_a_service_that_answers_for_nothing_is_forgiven(
    advisories: ModuleType, found: list[dict[str, Any]], if_reachable: bool, status: int, told: str
) -> None:
    answered, said = advisories.verdict(found, if_reachable=if_reachable)
    assert answered == status
    assert told in said
