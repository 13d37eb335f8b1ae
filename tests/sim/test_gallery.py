"""The gallery in the documentation shows what the simulator shows."""

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest

from posthouse.cli.simulate import built_in

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture
def gallery(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    spec = spec_from_file_location("make_gallery", DOCS / "make_gallery.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "make_gallery", module)
    spec.loader.exec_module(module)
    return module


@pytest.mark.timeout(300)  # every scenario is run, and coverage makes that slow
def test_the_tables_in_the_page_are_those_of_a_fresh_run(gallery: ModuleType) -> None:
    """Where this fails after a change of routing: python docs/make_gallery.py, and look at what became of it."""
    page = (DOCS / "simulator.md").read_text("utf-8")
    assert gallery.tables(page) == page


def test_each_scenario_has_its_table_and_its_picture() -> None:
    page = (DOCS / "simulator.md").read_text("utf-8")
    for name in built_in():
        assert f"<!-- table {name} -->\n\n| |" in page
        assert f"(pictures/{name}.png)" in page
        assert (DOCS / "pictures" / f"{name}.png").read_bytes().startswith(b"\x89PNG")
