"""A real PgBouncer in front of the tests' PostgreSQL, in transaction pooling; ended by its own id."""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from posthouse.clock import SystemClock
from tests.store.database import NOBODY, Server

PROGRAM = shutil.which("pgbouncer") or "/usr/sbin/pgbouncer"
MISSING = None if os.access(PROGRAM, os.X_OK) else "PgBouncer is missing: apt-get install pgbouncer"

STARTS_S = 10.0

SETTINGS = """
[databases]
* = host=127.0.0.1 port={server}

[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = trust
auth_file = {folder}/users
pool_mode = {mode}
default_pool_size = {connections}
max_client_conn = 200
logfile = {folder}/log
"""


@contextmanager
def pooling(server: Server, connections: int = 3, mode: str = "transaction") -> Iterator[int]:
    """Its port while the block runs. connections: of the server, for all who come to it."""
    folder = Path(tempfile.mkdtemp(prefix="posthouse-pgbouncer-"))
    with closing(socket.socket()) as chosen:
        chosen.bind(("127.0.0.1", 0))
        port: int = chosen.getsockname()[1]
    (folder / "users").write_text('"postgres" ""\n')
    settings = SETTINGS.format(server=server.port, port=port, folder=folder, mode=mode, connections=connections)
    (folder / "settings.ini").write_text(settings)
    who: dict[str, object] = {}
    if os.geteuid() == 0:  # it does not run as root
        for path in (folder, *folder.iterdir()):
            os.chown(path, NOBODY, NOBODY)
        who = {"user": NOBODY, "group": NOBODY, "extra_groups": []}
    process = subprocess.Popen(
        [PROGRAM, str(folder / "settings.ini")],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        **who,  # type: ignore[call-overload]
    )
    try:
        _wait(port, process)
        yield port
    finally:
        process.kill()
        process.wait(STARTS_S)
        shutil.rmtree(folder, ignore_errors=True)


def _wait(port: int, process: subprocess.Popen[bytes]) -> None:
    """Until it takes connections."""
    end = SystemClock.monotonic() + STARTS_S
    while SystemClock.monotonic() < end and process.poll() is None:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1.0):
            return
    raise AssertionError(f"PgBouncer does not start: {process.poll()}")
