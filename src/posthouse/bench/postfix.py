"""Postfix, as people use it today: `smtp-source` posts to it, it queues and delivers to `smtp-sink`.

Its configuration, queue, data and log are in a directory of the benchmark; the system's own are not touched. It needs
root, as Postfix does. Its files in the queue are synced before it answers, one a message.
"""

import asyncio
import grp
import os
import pwd
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import msgspec

from posthouse.bench.postgresql import reachable
from posthouse.bench.process import BenchError, Child, program
from posthouse.clock import SystemClock

PROGRAMS: Final = ("postfix", "postconf", "smtp-source", "smtp-sink")
PATH: Final = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"))
READY_S: Final = 60.0
BODY_BYTES: Final = 1500
QUEUES: Final = ("maildrop", "incoming", "active", "deferred")

MAIN: Final = """\
compatibility_level = 3.6
mail_owner = postfix
setgid_group = postdrop
config_directory = {home}/conf
queue_directory = {home}/queue
data_directory = {home}/data
command_directory = {commands}
daemon_directory = {daemons}
myhostname = bench.example.com
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
transport_maps = static:smtp:[127.0.0.1]:{sink}
alias_maps =
alias_database =
maillog_file = {home}/mail.log
maillog_file_prefixes = {home}
in_flow_delay = 0
default_process_limit = 200
default_destination_concurrency_limit = 50
initial_destination_concurrency = 50
smtp_connection_cache_destinations = static:all
smtpd_client_connection_count_limit = 0
smtpd_peername_lookup = no
"""

MASTER: Final = """\
127.0.0.1:{port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""


def why_not(directory: Path) -> str | None:
    """Why Postfix cannot be measured here; None where it can."""
    gone = [name for name in PROGRAMS if shutil.which(name, path=PATH) is None]
    if gone:
        return f"no {gone[0]}: install Postfix (Debian: apt-get install postfix)"
    if os.geteuid() != 0:
        return "Postfix is started by root"
    if not reachable(directory / "queue"):
        return f"Postfix's own user cannot get to {directory}: name another --directory"
    try:
        pwd.getpwnam("postfix")
        grp.getgrnam("postdrop")
    except KeyError:
        return "the user postfix and the group postdrop are missing"
    return None


def found(name: str) -> str:
    return shutil.which(name, path=PATH) or name


def setting(name: str) -> str:
    """What this Postfix was built with."""
    done = subprocess.run([found("postconf"), "-d", "-h", name], capture_output=True, timeout=10, check=False)  # noqa: S603
    return done.stdout.decode().strip()


def version() -> str:
    return setting("mail_version")


class Ports(msgspec.Struct, frozen=True):
    smtp: int
    sink: int


class Postfix:
    """One that runs, and the sink it delivers to."""

    def __init__(self, home: Path, ports: Ports, master: Child) -> None:
        self.home, self.ports, self.master = home, ports, master

    def taken(self) -> int:
        """Messages the sink has had."""
        counters = (self.home / "sink.out").read_bytes().rpartition(b"mesg=")[2].split(b"\r")[0]
        return int(counters) if counters.isdigit() else 0

    def queued(self) -> int:
        """Files in its queues."""
        return sum(len(files) for queue in QUEUES for _, _, files in os.walk(self.home / "queue" / queue))

    def disk_bytes(self) -> int:
        """Its queue and its log."""
        spool = (Path(top) / name for top, _, names in os.walk(self.home / "queue") for name in names)
        log = self.home / "mail.log"
        return sum(size(file) for file in spool) + size(log)

    async def take(self, messages: int, connections: int) -> float:
        """Have it accept so many; the seconds that took."""
        began = SystemClock.monotonic()
        words = ["-d", "-s", str(connections), "-m", str(messages), "-l", str(BODY_BYTES)]
        whom = ["-f", "bench@example.com", "-t", "reader@example.net", f"127.0.0.1:{self.ports.smtp}"]
        async with program(self.home / "source.log", found("smtp-source"), *words, *whom) as source:
            status = await source.ended(READY_S + messages / 10)
            took = SystemClock.monotonic() - began
            if status:
                raise BenchError(f"smtp-source ended with {status}: {source.last_words()}")
        return took


def size(file: Path) -> int:
    try:
        return file.stat().st_size
    except FileNotFoundError:  # delivered meanwhile
        return 0


def furnished(home: Path, ports: Ports) -> None:
    """Its folders and its configuration."""
    for name in ("conf", "queue", "data"):
        (home / name).mkdir()
    home.chmod(0o755)
    os.chown(home / "data", pwd.getpwnam("postfix").pw_uid, -1)
    folders = {"commands": setting("command_directory"), "daemons": setting("daemon_directory")}
    (home / "conf" / "main.cf").write_text(MAIN.format(home=home, sink=ports.sink, **folders))
    (home / "conf" / "master.cf").write_text(MASTER.format(port=ports.smtp))


@asynccontextmanager
async def started(home: Path, ports: Ports) -> AsyncIterator[Postfix]:
    """A Postfix in that empty directory, ready; gone when the block is left."""
    furnished(home, ports)
    control = [found("postfix"), "-c", str(home / "conf")]
    taking = [found("smtp-sink"), "-c", "-u", "postfix", f"127.0.0.1:{ports.sink}", "1000"]
    silent = subprocess.DEVNULL
    with (home / "sink.out").open("wb") as out:
        async with (
            program(home / "sink.log", *taking, stdout=out),
            program(home / "master.log", *control, "start-fg", stdout=silent) as master,
        ):
            try:
                await ready(ports.smtp, master)
                yield Postfix(home, ports, master)
            finally:
                async with program(home / "stop.log", *control, "stop", stdout=silent) as stop:
                    await stop.ended(READY_S)


async def ready(port: int, master: Child) -> None:
    """Return when it greets."""
    clock = SystemClock()
    deadline = clock.monotonic() + READY_S
    while clock.monotonic() < deadline:
        master.check()
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await clock.sleep(0.02)
            continue
        greeting = await reader.readline()
        writer.close()
        if greeting.startswith(b"220"):
            return
    raise BenchError(f"Postfix did not greet within {READY_S:g} s: {master.last_words()}")
