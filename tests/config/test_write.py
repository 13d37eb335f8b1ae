import stat
from pathlib import Path

import pytest

from posthouse.config.write import write


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_is_written_for_its_owner_alone(tmp_path: Path) -> None:
    write(tmp_path / "a.yaml", "größe: 1\n", replace=False)
    assert (tmp_path / "a.yaml").read_bytes() == "größe: 1\n".encode()
    assert stat.S_IMODE((tmp_path / "a.yaml").stat().st_mode) == 0o600
    assert names(tmp_path) == ["a.yaml"]


def test_a_file_that_is_there_stays_unless_it_is_to_be_replaced(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text("old")
    with pytest.raises(FileExistsError):
        write(file, "new", replace=False)
    assert (file.read_text(), names(tmp_path)) == ("old", ["a.yaml"])
    write(file, "new", replace=True)
    assert (file.read_text(), names(tmp_path)) == ("new", ["a.yaml"])
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_link_keeps_pointing_to_the_file(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "a.yaml").write_text("old")
    (tmp_path / "link.yaml").symlink_to("real/a.yaml")
    write(tmp_path / "link.yaml", "new", replace=True)
    assert (tmp_path / "link.yaml").is_symlink()
    assert (tmp_path / "real" / "a.yaml").read_text() == "new"


def test_where_nothing_can_be_written_nothing_changes(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        write(tmp_path / "gone" / "a.yaml", "x", replace=True)
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError):
        write(tmp_path / "folder", "x", replace=True)
    assert names(tmp_path) == ["folder"]


def test_text_that_cannot_be_encoded_leaves_the_old_file(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text("old")
    with pytest.raises(UnicodeEncodeError):
        write(file, "\ud800", replace=True)
    assert (file.read_text(), names(tmp_path)) == ("old", ["a.yaml"])
