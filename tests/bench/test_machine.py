"""The machine is described."""

from pathlib import Path

from posthouse.bench.machine import filesystem, machine


def test_the_machine_is_described(tmp_path: Path) -> None:
    found = machine(tmp_path, Postfix="3.7")
    assert found.cores >= 1
    assert found.filesystem == filesystem(tmp_path)
    assert found.sqlite.startswith("3.")
    assert ", Postfix 3.7, store on " in str(found)
