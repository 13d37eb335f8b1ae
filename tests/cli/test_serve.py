"""`posthouse serve`: what it says, where it listens, how it leaves."""

import json
import os
import signal
import socket
from pathlib import Path
from typing import Any

import pytest

from posthouse.cli.serve import _endpoint, _welcome, _workers
from posthouse.config.values import Endpoint
from tests.end_to_end.process import serving, started
from tests.web.house import KEY, configuration, one_pool
from tests.web.http import call

ANYWHERE = ("--listen", "127.0.0.1:0")
HELLO = {"from": "you@example.com", "to": "ann@example.org", "subject": "Hello", "text": "It works."}


def written(folder: Path, **changes: Any) -> Path:
    """A configuration in that folder, under another name than the one that is looked for."""
    path = folder / "other.yaml"
    path.write_text(json.dumps({**one_pool(folder), "http": {"listen": "127.0.0.1:0"}, **changes}))
    return path


async def test_without_a_file_it_starts_in_development_mode_and_its_first_lines_tell_what_to_try(
    tmp_path: Path,
) -> None:
    async with serving(tmp_path, *ANYWHERE) as (process, port):
        await process.says("posthouse init")
        first, *lines = process.said.splitlines()
        assert first == f"Posthouse listens on http://127.0.0.1:{port} in development mode: no configuration was found."
        assert max(len(line) for line in lines) <= 120
        tried = process.said[process.said.index("--json '") + 8 :].partition("'\n")[0]
        assert json.loads(tried) == HELLO
        headers = {"Authorization": "Bearer dev", "Prefer": "wait=20", "Content-Type": "application/json"}
        reply = await call(port, "POST", "/email", headers, tried.encode())
        assert (reply.status, reply.json["status"]) == (200, "sent")
        assert len(list((tmp_path / "sent" / "new").iterdir())) == 1
        assert (tmp_path / "posthouse.db").exists()
        assert await process.stopped() == 0
        assert [json.loads(line)["event"] for line in process.errors.splitlines()] == [
            *("accepted", "attempt succeeded", "stopping: what has begun is finished first")
        ]


async def test_with_a_file_it_says_what_it_serves_and_no_key(tmp_path: Path) -> None:
    async with serving(tmp_path, "--config", str(written(tmp_path))) as (process, port):
        await process.says("store:")
        assert process.said == (
            f"Posthouse listens on http://127.0.0.1:{port}\n  pools: example.com (sandbox)\n"
            f"  store: sqlite:///{tmp_path}/posthouse.db\n"
        )
        assert (await call(port, "GET", "/email", {"X-API-KEY": KEY})).status == 200
        process.signal(signal.SIGINT)
        assert await process.ended() == 0
        assert KEY not in process.said + process.errors


async def test_a_file_that_was_found_and_is_away_is_broken_and_no_development_mode(tmp_path: Path) -> None:
    file = written(tmp_path, admins={"ops": "the-key-of-an-admin"}).rename(tmp_path / "posthouse.yaml")
    async with serving(tmp_path) as (_, port):
        file.rename(tmp_path / "aside")
        headers = {"Authorization": "Bearer the-key-of-an-admin"}
        assert (await call(port, "POST", "/admin/reload", headers)).status == 422
        assert (await call(port, "GET", "/email", {"X-API-KEY": "dev"})).status == 401
        assert (await call(port, "GET", "/email", {"X-API-KEY": KEY})).status == 200


async def test_variables_of_the_environment_are_enough(tmp_path: Path) -> None:
    env = {"POSTHOUSE_DOMAIN": "example.com", "POSTHOUSE_API_KEY": KEY, "POSTHOUSE_PROVIDERS": "sandbox"}
    async with serving(tmp_path, *ANYWHERE, env=env) as (process, port):
        assert "development" not in process.said
        assert (await call(port, "GET", "/email", {"X-API-KEY": KEY})).status == 200


async def test_a_file_with_problems_is_refused_with_all_of_them(tmp_path: Path) -> None:
    path = written(tmp_path, smtp={"listen": "here"}, colour="red")
    async with started(["-m", "posthouse", "serve", "--config", str(path)], tmp_path) as process:
        assert await process.ended() == 1
        assert await process.rest() == ""
        assert [line.partition(" ")[0] for line in process.errors.splitlines()] == ["colour", "smtp.listen"]


async def test_a_warning_is_told_and_does_not_stop_it(tmp_path: Path) -> None:
    expired = one_pool(tmp_path, keys={"web": KEY, "old": {"key": "old", "expires": "2020-01-01"}})
    async with serving(tmp_path, "--config", str(written(tmp_path, **expired)), *ANYWHERE) as (process, _):
        assert process.errors.startswith("warning: pools.example.com.keys.old.expires")
        assert await process.stopped() == 0


async def test_a_port_in_use_is_told(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        async with started(["-m", "posthouse", "serve", "--listen", f"127.0.0.1:{port}"], tmp_path) as process:
            assert await process.ended() == 1
            assert process.errors == f"cannot listen on 127.0.0.1:{port}: Address already in use\n"
    assert not (tmp_path / "posthouse.db").exists()


@pytest.mark.parametrize("host", ["no.such.host.invalid", "192.0.2.1", "a" * 300])
async def test_a_host_that_is_not_this_machine_is_told(tmp_path: Path, host: str) -> None:
    words = ["-m", "posthouse", "serve", "--config", str(written(tmp_path)), "--listen", f"{host}:0"]
    async with started(words, tmp_path) as process:
        assert await process.ended() == 1
        assert process.errors.startswith(f"cannot listen on {host}:0: ")
        assert "Traceback" not in process.errors


async def test_a_store_that_cannot_be_opened_is_told(tmp_path: Path) -> None:
    (tmp_path / "posthouse.db").write_bytes(b"something else entirely" * 100)
    async with started(["-m", "posthouse", "serve", *ANYWHERE], tmp_path) as process:
        assert await process.ended() == 1
        assert process.errors == "posthouse.db is not a database.\n"


@pytest.mark.parametrize("listen", ["8080x", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", ":٣", "::1"])
async def test_a_place_that_is_none_exits_with_2(tmp_path: Path, listen: str) -> None:
    async with started(["-m", "posthouse", "serve", "--listen", listen], tmp_path) as process:
        assert await process.ended() == 2
        assert "expected HOST:PORT, such as 127.0.0.1:8080" in process.errors


@pytest.mark.parametrize("listen", ["0.0.0.0:0", ":0", "[::]:0", "192.0.2.1:0"])
async def test_in_development_mode_it_listens_on_this_machine_only(tmp_path: Path, listen: str) -> None:
    async with started(["-m", "posthouse", "serve", "--listen", listen], tmp_path) as process:
        assert await process.ended() == 2
        assert process.errors.startswith("development mode listens on this machine only")


@pytest.mark.parametrize(
    ("text", "endpoint"),
    [
        ("127.0.0.1:8080", Endpoint("127.0.0.1", 8080)),
        ("0.0.0.0:0", Endpoint("0.0.0.0", 0)),
        ("[::1]:25", Endpoint("::1", 25)),
        (":8080", Endpoint("0.0.0.0", 8080)),
        ("localhost:8080", Endpoint("localhost", 8080)),
    ],
)
def test_a_place_is_a_host_and_a_port(text: str, endpoint: Endpoint) -> None:
    assert _endpoint(text) == endpoint


async def test_it_listens_on_ipv6_too(tmp_path: Path) -> None:
    if not socket.has_ipv6:
        pytest.skip("no IPv6 here")
    async with serving(tmp_path, "--listen", "[::1]:0") as (process, _):
        assert process.said.startswith("Posthouse listens on http://[::1]:")


def test_the_first_lines_name_every_pool_and_provider(tmp_path: Path) -> None:
    config = configuration(one_pool(tmp_path, providers={"a": {"type": "sandbox"}, "b": {"type": "sandbox"}}))
    assert "pools: example.com (a, b)" in _welcome(config, "http://127.0.0.1:1")


@pytest.mark.parametrize("words", [("--workers", "2"), ("--role", "web"), ("--role", "delivery")])
async def test_a_sqlite_store_belongs_to_one_process(tmp_path: Path, words: tuple[str, ...]) -> None:
    async with started(["-m", "posthouse", "serve", "--config", str(written(tmp_path)), *words], tmp_path) as process:
        assert await process.ended() == 2
        assert "need PostgreSQL" in process.errors


@pytest.mark.parametrize("mode", ["development", "a file"])
async def test_as_many_workers_as_fit_is_one_with_sqlite(tmp_path: Path, mode: str) -> None:
    words = ANYWHERE if mode == "development" else ("--config", str(written(tmp_path)))
    async with serving(tmp_path, "--workers", "auto", *words) as (process, port):
        assert (await call(port, "GET", "/healthz", {})).status == 200
        assert await process.stopped() == 0


@pytest.mark.parametrize(
    ("url", "in_file", "asked", "many"),
    [
        ("sqlite:///posthouse.db", 1, "auto", 1),
        ("sqlite:///posthouse.db", "auto", None, 1),
        ("postgresql://u:p@db/mail", 1, "auto", 3),
        ("postgresql://u:p@db/mail", "auto", None, 3),
        ("postgresql://u:p@db/mail", "auto", "2", 2),
        ("postgresql://u:p@db/mail", 4, None, 4),
    ],
)
def test_auto_means_the_same_in_the_file_and_on_the_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str, in_file: int | str, asked: str | None, many: int
) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 3)
    assert _workers(configuration({**one_pool(tmp_path), "store": url, "workers": in_file}), asked) == many


@pytest.mark.parametrize("many", ["0", "-1", "two", "1.5", "2000"])
async def test_a_number_of_workers_that_is_none_is_refused(tmp_path: Path, many: str) -> None:
    async with started(["-m", "posthouse", "serve", f"--workers={many}"], tmp_path) as process:
        assert await process.ended() == 2
        assert "--workers" in process.errors
