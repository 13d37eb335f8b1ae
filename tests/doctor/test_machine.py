import os
from pathlib import Path

import msgspec
import pytest

from posthouse.config.schema import Config
from posthouse.doctor import machine
from posthouse.doctor.finding import Finding
from posthouse.doctor.machine import readable_by_all, room, secrets_in, sqlite
from tests.config.sample import ENV, SAMPLE, config

GIB = 1 << 30


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder that everybody may enter: pytest's own are not."""
    for parent in (tmp_path, *tmp_path.parents):
        if parent.stat().st_uid == os.getuid() and parent != Path("/"):
            parent.chmod(parent.stat().st_mode | 0o011)
    return tmp_path


def configured(file: Path, text: str) -> Config:
    file.write_text(text)
    return msgspec.structs.replace(config(text), source=file)


@pytest.mark.parametrize(
    ("version", "sound"),
    [("3.40.1", False), ("3.44.6", True), ("3.44.5", False), ("3.50.7", True), ("3.51.2", False), ("3.51.3", True)],
)
def test_a_sqlite_that_may_lose_commits_is_told(version: str, sound: bool) -> None:
    assert (sqlite(version).value == "ok") is sound


def test_the_library_that_is_shipped_is_sound() -> None:
    assert sqlite().value == machine.python().value == "ok"


@pytest.mark.parametrize(
    ("total", "free", "value"),
    [(100 * GIB, 50 * GIB, "ok"), (100 * GIB, 4 * GIB, "warn"), (4 * GIB, GIB - 1, "warn"), (GIB, 99 << 20, "fail")],
)
def test_how_much_room_is_too_little(total: int, free: int, value: str) -> None:
    assert room(Path("/x"), total, free).value == value


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    found = machine.disk(tmp_path / "gone" / "posthouse.db")
    assert (found.value, found.advice) == ("fail", f"mkdir -p {tmp_path / 'gone'}")
    assert machine.disk(tmp_path / "posthouse.db").value == "ok"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_one_may_not_write_to_is_told(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    assert "may not write" in machine.disk(tmp_path / "posthouse.db").seen


def test_messages_that_everybody_may_read_are_told(folder: Path) -> None:
    store = folder / "posthouse.db"
    assert machine.rights(store) is None
    store.write_bytes(b"")
    store.chmod(0o600)
    (wal := folder / "posthouse.db-wal").write_bytes(b"")
    wal.chmod(0o644)
    found = machine.rights(store)
    assert found is not None
    assert (found.value, str(wal) in found.advice, f"{store} " in found.advice) == ("warn", True, False)
    wal.chmod(0o640)
    assert machine.rights(store) == Finding("ok", "rights", str(store), "not readable by everybody")


def test_a_file_in_a_folder_that_keeps_others_out_is_read_by_nobody(folder: Path) -> None:
    (file := folder / "f").write_text("x")
    file.chmod(0o644)
    assert readable_by_all(file)
    folder.chmod(0o700)
    assert not readable_by_all(file)


def test_secrets_in_a_file_that_everybody_may_read_are_named_and_not_shown(folder: Path) -> None:
    text = "pools:\n  example.com:\n    keys: {web: CANARY-key}\n    providers: {sendgrid: {api_key: CANARY-sg}}\n"
    found = machine.configuration(configured(folder / "posthouse.yaml", text))
    (folder / "posthouse.yaml").chmod(0o644)
    found = machine.configuration(configured(folder / "posthouse.yaml", text))
    assert found is not None
    assert found.value == "fail"
    assert "pools.example.com.keys.web, pools.example.com.providers.sendgrid.api_key" in found.seen
    assert "CANARY" not in found.seen + found.advice
    (folder / "posthouse.yaml").chmod(0o640)
    guarded = machine.configuration(configured(folder / "posthouse.yaml", text))
    assert guarded is not None
    assert guarded.value == "ok"


def test_a_file_that_refers_to_its_secrets_may_be_read_by_everybody(folder: Path) -> None:
    text = 'pools:\n  example.com:\n    keys: {web: "${WEB_KEY}"}\n    providers: {sandbox: {}}\n'
    (folder / "posthouse.yaml").write_text(text)
    (folder / "posthouse.yaml").chmod(0o644)
    found = machine.configuration(configured(folder / "posthouse.yaml", text))
    assert found == Finding(
        "ok", "rights", str(folder / "posthouse.yaml"), "readable by everybody, and no secret stands in it"
    )


def test_every_secret_that_stands_in_the_file_is_found_and_no_other() -> None:
    told = list(secrets_in(config(SAMPLE), SAMPLE))
    assert told == ["store", "pools.example.com.keys.app"]
    clear = SAMPLE
    for name, value in ENV.items():
        clear = clear.replace(f"${{{name}}}", value)
    assert set(secrets_in(config(clear), clear)) >= {
        *("store", "admins.ops", "pools.example.com.keys.web", "pools.example.com.keys.app"),
        *(f"pools.example.com.providers.{rest}" for rest in ("sendgrid.api_key", "mailgun.api_key", "spare.password")),
    }


def test_the_default_of_a_variable_stands_in_the_file_too() -> None:
    text = SAMPLE.replace("${SENDGRID_API_KEY}", "${NOT_SET:-CANARY-default}")
    assert "pools.example.com.providers.sendgrid.api_key" in set(secrets_in(config(text), text))


def test_a_digest_is_no_key() -> None:
    text = SAMPLE.replace("${OPS_KEY}", "sha256:" + "ab" * 32)
    assert "admins.ops" not in set(secrets_in(config(text), text))
