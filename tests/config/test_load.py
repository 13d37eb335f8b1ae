from pathlib import Path

import pytest

from posthouse.config import Config, Problem, load
from posthouse.config.load import from_bytes
from posthouse.config.values import Endpoint
from posthouse.secret import Secret
from tests.config.providers import SPECS
from tests.config.sample import MINIMAL, NOW

TWELVE = {"POSTHOUSE_DOMAIN": "example.net", "POSTHOUSE_API_KEY": "k", "POSTHOUSE_PROVIDERS": "sandbox"}


def loaded(path: Path | None, env: dict[str, str], cwd: Path) -> Config:
    found = load(path, env, SPECS, NOW, cwd)
    assert isinstance(found, Config), found
    return found


def told(path: Path | None, env: dict[str, str], cwd: Path) -> list[Problem]:
    found = load(path, env, SPECS, NOW, cwd)
    assert isinstance(found, list)
    return found


def written(file: Path, listen: str = "127.0.0.1:1") -> Path:
    file.write_text(MINIMAL + f"http: {{listen: '{listen}'}}\n")
    return file


def test_the_first_source_that_is_there_counts_alone(tmp_path: Path) -> None:
    named = written(tmp_path / "named.yaml", "127.0.0.1:1")
    pointed = {"POSTHOUSE_CONFIG": str(written(tmp_path / "pointed.yaml", "127.0.0.1:2"))}
    here = tmp_path / "here"
    here.mkdir()
    written(here / "posthouse.yaml", "127.0.0.1:3")

    by_name = loaded(named, pointed | TWELVE, here)
    by_variable = loaded(None, pointed | TWELVE, here)
    by_place = loaded(None, TWELVE | {"PORT": "9"}, here)
    by_environment = loaded(None, TWELVE | {"PORT": "9"}, tmp_path)
    by_default = loaded(None, {"HOME": "/"}, tmp_path)

    assert [found.http.listen for found in (by_name, by_variable, by_place, by_environment, by_default)] == [
        Endpoint("127.0.0.1", 1),
        Endpoint("127.0.0.1", 2),
        Endpoint("127.0.0.1", 3),
        Endpoint("0.0.0.0", 9),
        Endpoint("127.0.0.1", 8080),
    ]
    assert [found.mode for found in (by_name, by_environment, by_default)] == ["file", "environment", "development"]
    assert [found.source for found in (by_name, by_place, by_default)] == [named, here / "posthouse.yaml", None]


def test_development_mode_is_one_pool_on_loopback_with_one_key_for_everything(tmp_path: Path) -> None:
    found = loaded(None, {}, tmp_path)
    digest = Secret("dev").digest()
    assert (found.mode, found.http.listen, found.store.path) == (
        "development",
        Endpoint("127.0.0.1", 8080),
        "posthouse.db",
    )
    assert [admin.digest for admin in found.admins.values()] == [digest]
    (example,) = found.pools.values()
    assert (example.name, example.sender, list(example.providers)) == ("example.com", "any", ["sandbox"])
    assert [key.digest for key in example.keys.values()] == [digest]


def test_a_port_alone_changes_the_port_and_stays_on_loopback(tmp_path: Path) -> None:
    found = loaded(None, {"PORT": "9000"}, tmp_path)
    assert (found.mode, found.http.listen) == ("development", Endpoint("127.0.0.1", 9000))
    assert told(None, {"PORT": "many"}, tmp_path) == [Problem("PORT", None, "expected a port from 0 to 65535")]


@pytest.mark.parametrize("variable", ["POSTHOUSE_ANYTHING", "SENDGRID_API_KEY", "MAILGUN_DOMAIN"])
def test_any_of_our_variables_ends_development_mode(tmp_path: Path, variable: str) -> None:
    assert {"POSTHOUSE_DOMAIN", "POSTHOUSE_API_KEY"} <= {
        problem.path for problem in told(None, {variable: "x"}, tmp_path)
    }


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (None, "cannot be read: No such file or directory"),
        (b"", "the file is empty"),
        (b"pools: [", "not valid YAML"),
        ("pöols: {}".encode("latin-1"), "expected UTF-8"),
        (b"\xff\xfep\x00o\x00", "expected UTF-8"),
        (b"#" * 2_000_000, "at most"),
    ],
)
def test_a_file_that_is_no_configuration_is_told_under_its_name(
    tmp_path: Path, data: bytes | None, message: str
) -> None:
    file = tmp_path / "broken.yaml"
    if data is not None:
        file.write_bytes(data)
    for found in (told(file, {}, tmp_path), told(None, {"POSTHOUSE_CONFIG": str(file)}, tmp_path)):
        assert len(found) == 1
        assert found[0].path == str(file)
        assert message in found[0].message


def test_a_byte_that_is_no_utf_8_is_told_with_its_line() -> None:
    found = from_bytes(b"pools:\n  x: \xff\n", {}, SPECS, NOW)
    assert found == [Problem("", 2, "expected UTF-8")]


def test_a_directory_is_no_configuration(tmp_path: Path) -> None:
    assert "cannot be read" in told(tmp_path, {}, tmp_path)[0].message
    assert "cannot be read" in told(Path("a\0b"), {}, tmp_path)[0].message


def test_a_byte_order_mark_does_no_harm(tmp_path: Path) -> None:
    file = tmp_path / "marked.yaml"
    file.write_bytes(b"\xef\xbb\xbf" + MINIMAL.encode())
    loaded(file, {}, tmp_path)


def test_any_bytes_are_a_configuration_or_told() -> None:
    for byte in range(256):
        assert from_bytes(bytes([byte]) + MINIMAL.encode(), {}, SPECS, NOW)
        assert from_bytes(MINIMAL.encode()[:40] + bytes([byte]) + MINIMAL.encode()[40:], {}, SPECS, NOW)
