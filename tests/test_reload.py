"""A configuration that changes while everything runs."""

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest

from posthouse import reload as reloading
from posthouse.config import Config, Problem
from posthouse.config.load import from_bytes, from_file
from posthouse.config.masked import MASK
from posthouse.reload import Reload, stamp, written
from posthouse.store.contract import StoreDown
from posthouse.store.values import Audited, Change, Who
from tests.config.providers import SPECS
from tests.config.sample import MINIMAL, NOW, config
from tests.delivery.clock import FakeClock

BROKEN = [Problem("pools", 3, "expected a mapping")]
CHANGED = MINIMAL + "\nretention: {content: 1d}\n"
WHO = Who("admin", "ops", "192.0.2.7")


class House:
    """What is read and what was put in force."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.there: Config | list[Problem] = config(MINIMAL)
        self.applied: list[Config] = []
        self.told: list[Change] = []
        running = config(MINIMAL)
        self.reload = Reload(self.clock, lambda: self.there, self.parse, self.applied.append, running, self.told.extend)

    def parse(self, data: bytes) -> Config | list[Problem]:
        return from_bytes(data, {}, SPECS, NOW)


def with_file(folder: Path, text: str) -> tuple[House, Reload, Path]:
    """A house that was started from a file, and reads it."""
    house, file = House(), folder / "posthouse.yaml"
    file.write_text(text)

    def loaded() -> Config | list[Problem]:
        return from_file(file, {}, SPECS, NOW)

    running = loaded()
    assert isinstance(running, Config), running
    reload = Reload(house.clock, loaded, house.parse, house.applied.append, running, house.told.extend)
    return house, reload, file


def test_a_changed_configuration_is_put_in_force_and_told() -> None:
    house = House()
    house.there = config(CHANGED)
    told = house.reload.reload(WHO)
    assert house.applied == [house.there]
    assert (told.problems, told.changed, told.waiting) == ((), ("retention.content",), ())
    assert house.reload.last is told
    assert house.reload.running is house.there


def test_a_broken_one_changes_nothing_and_is_told_until_it_is_mended() -> None:
    house = House()
    running, house.there = house.reload.running, BROKEN
    (told,) = house.reload.reload(WHO).problems
    assert (told.field, told.message) == ("pools", "line 3: expected a mapping")
    assert (house.applied, house.reload.running) == ([], running)
    house.there = config(MINIMAL)
    assert house.reload.reload(WHO).problems == ()


def test_what_waits_for_a_restart_is_told() -> None:
    house = House()
    house.there = config(MINIMAL + '\nhttp: {listen: "127.0.0.1:9999"}\n')
    assert house.reload.reload(WHO).waiting == ("http.listen",)


def test_what_waits_for_a_restart_is_told_until_the_start_or_until_it_is_as_it_was() -> None:
    house = House()
    house.there = config(MINIMAL + '\nhttp: {listen: "127.0.0.1:9999"}\n')
    house.reload.reload(WHO)
    again = house.reload.reload(WHO)
    assert (again.changed, again.waiting) == ((), ("http.listen",))
    house.there = config(MINIMAL)
    back = house.reload.reload(WHO)
    assert (back.changed, back.waiting) == (("http.listen",), ())


async def test_a_file_is_read_again_once_it_has_changed_and_stands_still(tmp_path: Path) -> None:
    house, reload, file = with_file(tmp_path, MINIMAL)
    watching = asyncio.create_task(reload.watching(file))
    await house.clock.sleeping(1)
    await look(house, 2)
    assert house.applied == []
    file.write_text(CHANGED)
    await look(house, 3)
    assert house.applied == [], "it may still be written"
    await look(house, 4)
    assert len(house.applied) == 1
    await look(house, 5)
    assert len(house.applied) == 1
    watching.cancel()


async def test_a_file_that_is_gone_for_a_moment_changes_nothing(tmp_path: Path) -> None:
    house, reload, file = with_file(tmp_path, MINIMAL)
    watching = asyncio.create_task(reload.watching(file))
    await house.clock.sleeping(1)
    file.unlink()
    await look(house, 2)
    await look(house, 3)
    assert house.applied == []
    file.write_text(CHANGED)
    await look(house, 4)
    await look(house, 5)
    assert len(house.applied) == 1
    watching.cancel()


async def test_a_file_that_was_missed_is_read_again_when_it_is_back_as_it_was(tmp_path: Path) -> None:
    house, reload, file = with_file(tmp_path, MINIMAL)
    watching = asyncio.create_task(reload.watching(file))
    await house.clock.sleeping(1)
    file.rename(aside := tmp_path / "aside")
    assert reload.reload(WHO).problems
    await look(house, 2)
    assert reload.last.problems
    aside.rename(file)
    await look(house, 3)
    await look(house, 4)
    assert reload.last.problems == ()
    watching.cancel()


def test_a_file_whose_rights_were_mended_is_another_version(tmp_path: Path) -> None:
    file = tmp_path / "posthouse.yaml"
    file.write_text(MINIMAL)
    before, at = stamp(file), file.stat().st_ctime_ns
    while file.stat().st_ctime_ns == at:
        file.chmod(0o600)
    assert stamp(file) != before


async def look(house: House, count: int) -> None:
    """Let the watcher look once more."""
    await house.clock.advance(reloading.LOOK_S)
    await house.clock.sleeping(count)


def test_a_file_that_is_not_there_has_no_version(tmp_path: Path) -> None:
    assert stamp(tmp_path / "nothing") is None


def test_what_cannot_be_put_in_force_changes_nothing() -> None:
    house = House()

    def refuses(config: Config) -> None:
        raise ValueError("base_url: expected https://")

    reload = Reload(house.clock, lambda: house.there, house.parse, refuses, config(MINIMAL))
    house.there = config(CHANGED)
    assert [told.message for told in reload.reload(WHO).problems] == ["base_url: expected https://"]
    assert reload.running is not house.there


def test_a_new_file_takes_the_place_of_the_old_one_and_is_in_force(tmp_path: Path) -> None:
    house, reload, file = with_file(tmp_path, MINIMAL)
    told = reload.replace(CHANGED.encode(), WHO)
    assert (told.problems, told.changed) == ((), ("retention.content",))
    assert file.read_text() == CHANGED
    assert file.stat().st_mode & 0o777 == 0o600
    assert house.applied == [reload.running]
    assert reload.running.source == file


def test_a_broken_one_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    house, reload, file = with_file(tmp_path, MINIMAL)
    assert reload.replace(b"pools: 7", WHO).problems
    assert (file.read_text(), house.applied) == (MINIMAL, [])


def test_what_is_shown_can_be_sent_back_with_a_change_and_keeps_its_secrets(tmp_path: Path) -> None:
    _, reload, file = with_file(tmp_path, MINIMAL)
    document = reload.document()
    assert document["pools"]["example.com"]["keys"] == {"web": MASK}
    document["retention"] = {"content": "1d"}
    told = reload.replace(msgspec.json.encode(document), WHO)
    assert (told.problems, told.changed) == ((), ("retention.content",))
    assert "secret-of-web" in file.read_text()


@pytest.mark.parametrize("ascii_only", [True, False])
def test_json_is_taken_as_any_program_writes_it_and_kept_for_people_to_read(tmp_path: Path, ascii_only: bool) -> None:
    _, reload, file = with_file(tmp_path, MINIMAL)
    document, labels = reload.document(), {"is": "a \U0001f600 of\u2028ours"}
    document["pools"]["example.com"]["providers"]["sandbox"] = {"labels": labels}
    assert reload.replace(json.dumps(document, ensure_ascii=ascii_only).encode(), WHO).problems == ()
    assert reload.running.pools["example.com"].providers["sandbox"].settings.labels == labels
    assert '        "sandbox": {\n          "labels": {\n' in file.read_text()
    assert '            "is": "a \U0001f600 of\\u2028ours"\n' in file.read_text()


def test_half_a_character_is_refused_with_its_line(tmp_path: Path) -> None:
    _, reload, file = with_file(tmp_path, MINIMAL)
    (told,) = reload.replace(b'{"pools":\n {"example.com": "\\ud83d"}}', WHO).problems
    assert told.message.startswith("line 2: not valid YAML: found invalid Unicode character escape code")
    assert file.read_text() == MINIMAL


def test_a_secret_that_yaml_cannot_hold_as_it_is_is_put_back(tmp_path: Path) -> None:
    odd = r'"a\u0085b\u2028c\x7fd"'
    text = MINIMAL.replace("sandbox: {}", f"smtp: {{host: h, username: u, password: {odd}}}")
    _, reload, file = with_file(tmp_path, text)
    before = reload.running
    assert reload.replace(msgspec.json.encode(reload.document()), WHO).changed == ()
    assert reload.replace(text.replace(odd, f'"{MASK}"').encode(), WHO).changed == ()
    assert reload.running == msgspec.structs.replace(before, text=reload.running.text)
    assert r"a\u0085b\u2028c\u007fd" in file.read_text()


def test_yaml_with_a_mask_under_an_anchor_or_in_a_block_keeps_its_secrets(tmp_path: Path) -> None:
    _, reload, file = with_file(tmp_path, MINIMAL)
    sent = MINIMAL.replace("secret-of-web", f'&web "{MASK}"')
    assert reload.replace(sent.encode(), WHO).changed == ()
    assert file.read_text() == sent.replace(MASK, "secret-of-web")
    block = MINIMAL.replace("{web: secret-of-web}", f"\n      web: |  # ours\n        {MASK}")
    assert reload.replace(block.encode(), WHO).changed == ()
    assert '      web: "secret-of-web"  # ours\n    providers:\n' in file.read_text()


def test_a_mask_where_no_secret_was_is_refused(tmp_path: Path) -> None:
    _, reload, _ = with_file(tmp_path, MINIMAL)
    document = reload.document()
    document["pools"]["example.com"]["keys"]["more"] = MASK
    (told,) = reload.replace(msgspec.json.encode(document), WHO).problems
    assert told.field == "pools.example.com.keys.more"


@pytest.mark.parametrize("sent", [b"pools: 7", b"\xff", b"[" * 100_000, b"", b"[1]", b"null"])
def test_what_was_sent_and_is_broken_is_no_broken_file(tmp_path: Path, sent: bytes) -> None:
    _, reload, file = with_file(tmp_path, MINIMAL)
    assert reload.replace(sent, WHO).problems
    assert (reload.last.problems, file.read_text()) == ((), MINIMAL)


def test_what_was_sent_and_is_broken_mends_no_broken_file(tmp_path: Path) -> None:
    _, reload, file = with_file(tmp_path, MINIMAL)
    file.write_text("pools: 7")
    told = reload.reload(WHO)
    reload.replace(b"pools: 8", WHO)
    assert reload.last is told


BROKEN_FILES = [
    b"pools: {example.com: {providers: {sendgrid: {api_kye: SG.REAL}}}}",
    b"\xff",
    b"[x",
    b'["x"]',
    b"",
    None,
]


@pytest.mark.parametrize("broken", BROKEN_FILES)
def test_while_the_file_is_broken_what_is_in_force_is_shown_and_put_back(tmp_path: Path, broken: bytes | None) -> None:
    _, reload, file = with_file(tmp_path, MINIMAL)
    if broken is None:
        file.unlink()
    else:
        file.write_bytes(broken)
    assert reload.reload(WHO).problems
    document = reload.document()
    assert document == {"pools": {"example.com": {"keys": {"web": MASK}, "providers": {"sandbox": {}}}}}
    assert reload.replace(b"pools: 7", WHO).problems
    told = reload.replace(msgspec.json.encode(document), WHO)
    assert (told.problems, told.changed, reload.last) == ((), (), told)
    assert "secret-of-web" in file.read_text()


def test_a_file_that_is_not_in_force_yet_keeps_its_secrets(tmp_path: Path) -> None:
    _, reload, file = with_file(tmp_path, MINIMAL)
    file.write_text(MINIMAL.replace("secret-of-web", "another-secret"))
    assert reload.replace(msgspec.json.encode(reload.document()), WHO).changed == ("pools.example.com.keys.web.key",)
    assert "another-secret" in file.read_text()


def test_without_a_file_there_is_nothing_to_replace() -> None:
    house = House()
    assert house.reload.replace(CHANGED.encode(), WHO).problems
    assert house.reload.document() == {"source": "file"}


def test_what_was_taken_over_is_told_with_who_did_it() -> None:
    house = House()
    house.there = config(CHANGED)
    house.reload.reload(WHO)
    [told] = house.told
    assert (told.what, told.who, told.at) == ("configuration", WHO, house.clock.now())
    assert told.after == {"changed": ["retention.content"], "waits_for_restart": []}


def test_a_broken_one_and_one_that_is_the_same_are_not_told() -> None:
    house = House()
    house.reload.reload(WHO)
    house.there = BROKEN
    house.reload.reload(WHO)
    assert house.told == []


def test_all_that_read_one_version_of_a_file_tell_the_same(tmp_path: Path) -> None:
    (first, one, file), (second, another, _) = with_file(tmp_path, MINIMAL), with_file(tmp_path, MINIMAL)
    one.replace(CHANGED.encode(), WHO)
    another.reload(Who("file"))
    [put], [seen] = first.told, second.told
    assert put.once == seen.once
    assert put.once is not None
    file.write_text(MINIMAL)
    one.reload(Who("file"))
    assert first.told[-1].once not in (None, put.once)


async def test_what_is_told_is_written_as_soon_as_the_store_takes_it() -> None:
    house, given = House(), [Change(0.0, "configuration", WHO)]

    class Audit:
        down = 2
        kept: tuple[Change, ...] = ()

        async def audit(self, items: Sequence[Change]) -> None:
            self.down -= 1
            if self.down >= 0:
                raise StoreDown("away")
            self.kept += tuple(items)

        async def audited(self, query: Audited) -> list[Change]:
            raise AssertionError

    audit = Audit()
    writing = asyncio.create_task(written(given, audit, house.clock))
    for count in (1, 2):
        await house.clock.sleeping(count)
        assert audit.kept == ()
        await house.clock.advance(reloading.LOOK_S)
    await writing
    assert audit.kept == tuple(given)
