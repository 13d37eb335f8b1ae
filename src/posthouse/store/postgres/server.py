"""Which database, how it is reached, and whether it keeps what it takes."""

from typing import Any, Final
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit, urlunsplit

import asyncpg

from posthouse.clock import Clock
from posthouse.store.contract import StoreDown, StoreRefused
from posthouse.telemetry import log, warn

OLDEST: Final = 14
"""The oldest PostgreSQL that is spoken to."""

POOLED: Final = "pgbouncer"
"""The option in the URL that says: behind a pooler that gives each transaction another connection."""

NAME: Final = "posthouse"
"""What connections are called whose transactions take no longer than twice the deadline, or are ended by the others."""

LONG: Final = "posthouse, at length"

CONNECT_S: Final = 5.0

DEADLINE_S: Final = 10.0
"""How long the database may take for a transaction."""

LOST: Final = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)
"""What a connection raises when it, or what was asked on it, fails."""

_ANSWERS: Final = """
SELECT current_setting('server_version_num')::integer / 10000, current_setting('server_version'),
       current_setting('fsync'), current_setting('full_page_writes'), current_setting('synchronous_commit'),
       current_setting('server_encoding'), pg_is_in_recovery(), pg_backend_pid()
"""

_DOWN: Final = ("08", "25006", "25P03", "28", "3D", "53", "55P03", "57", "58", "XX")
"""Beginnings of the SQLSTATEs that say: not now, or not this server. The rest is the fault of what was asked."""


class Server:
    """Where a store lives. url: `postgresql://…` as asyncpg takes it, TLS included, and `pgbouncer=true`.

    deadline_s: how long a transaction may take; a server that hangs is given up then. Messages never hold the password.
    """

    def __init__(self, url: str, clock: Clock, deadline_s: float) -> None:
        parts = urlsplit(url)
        options = dict(parse_qsl(parts.query, keep_blank_values=True))
        self.pooled = options.pop(POOLED, "false").lower() in ("true", "1", "yes", "on")
        self.clock, self.deadline_s = clock, deadline_s
        self._dsn = urlunsplit(parts._replace(query=urlencode(options)))
        self._place = f"{parts.hostname or options.get('host', '')}{parts.path}"
        # Whoever has several hosts means the one that takes writes, whichever that is at the moment.
        self._wanted = None if "target_session_attrs" in options else "primary"
        raw = parts.netloc.rpartition("@")[0].partition(":")[2]
        self._secrets = {secret for secret in (raw, unquote(raw), options.get("password", "")) if secret}
        self._synchronous: str | None = None

    async def check(self) -> None:
        """StoreRefused where the server does not answer, or would not keep what it takes."""
        try:
            connection = await self.connect(bare=True)
        except StoreDown as error:
            raise StoreRefused(f"PostgreSQL at {self._place}: {error}") from None
        try:
            async with connection.transaction():  # behind a pooler only that keeps to one connection of the server
                answers = await connection.fetchrow(_ANSWERS)
            self._judge(answers, connection.get_server_pid())
        except LOST as error:
            raise StoreRefused(f"PostgreSQL at {self._place}: {self.said(error)}") from None
        finally:
            connection.terminate()

    def _judge(self, answers: Any, known_as: int) -> None:
        version, full_version, fsync, full_pages, synchronous, encoding, standby, pid = answers
        if version < OLDEST:
            self._refuse(f"version {full_version} is too old: expected {OLDEST} or newer")
        if standby:
            self._refuse("it is a standby, which takes no writes: expected the primary")
        if encoding != "UTF8":
            self._refuse(f"its encoding is {encoding}: expected a database with UTF8")
        if fsync != "on":
            self._refuse("it runs with fsync = off, and would lose accepted mail in a power cut: expected fsync = on")
        if full_pages != "on":
            warn("PostgreSQL runs with full_page_writes = off: safe only where the file system never tears a page")
        if pid != known_as and not self.pooled:
            self._refuse(
                f"a pooler stands before it: expected `{POOLED}=true` in the URL (statements are then not kept "
                "prepared, and other processes are heard of by asking), or the address of the server itself"
            )
        if self.pooled:
            log("behind a pooler: statements are not kept prepared, other processes are heard of by asking")
        # `remote_apply` promises more than `on`; everything else promises less.
        self._synchronous = "remote_apply" if synchronous == "remote_apply" else "on"

    def _refuse(self, why: str) -> None:
        raise StoreRefused(f"PostgreSQL at {self._place}: {why}.")

    async def connect(self, name: str = NAME, *, bare: bool = False) -> Any:
        """A connection of asyncpg's. StoreDown where there is none to be had. bare: with the server's own settings.

        name: as the server knows it; `LONG` for work that may take its time.
        """
        try:
            return await asyncpg.connect(
                self._dsn,
                timeout=min(CONNECT_S, self.deadline_s),
                statement_cache_size=0 if self.pooled else 256,
                max_cached_statement_lifetime=0,
                server_settings={} if bare else self._settings(name),
                target_session_attrs=self._wanted,
            )
        except (ValueError, *LOST) as error:
            raise StoreDown(f"the database cannot be reached: {self.said(error)}") from None

    def _settings(self, name: str) -> dict[str, str]:
        """For each session. Behind a pooler a session is nobody's own: there they are set in each transaction."""
        return {} if self.pooled else {**self._wishes, "application_name": name}

    @property
    def _wishes(self) -> dict[str, str]:
        deadline_ms = str(int(self.deadline_s * 1000))
        return {
            "application_name": NAME,
            "synchronous_commit": self._synchronous or "on",
            "jit": "off",  # every statement is short
            # Every query has its index. Statistics of when a table was small must not lead to walking over it.
            "enable_seqscan": "off",
            "statement_timeout": deadline_ms,
            # A process that is stopped in the middle must not keep what it has locked: neither between two statements,
            # nor while it takes no answer. What no timeout ends, as of version 18: a server's process that was told to
            # prepare a statement and not yet to run it. The others end that one: see `end_stuck`.
            "idle_in_transaction_session_timeout": deadline_ms,
            "tcp_user_timeout": deadline_ms,
        }

    def begin(self, how: str = "BEGIN") -> str:
        """Opens a transaction."""
        wishes = self._wishes.items() if self.pooled else ()
        return "; ".join([how, *(f"SET LOCAL {name} = {value}" for name, value in wishes)])

    def down(self, error: BaseException) -> StoreDown | None:
        """What an error means for whoever asked; None where what they asked is to blame."""
        if isinstance(error, StoreDown):
            return error
        if isinstance(error, TimeoutError):
            return StoreDown(f"the database did not answer within {self.deadline_s:g} s")
        if isinstance(error, asyncpg.PostgresError):
            down = (error.sqlstate or "").startswith(_DOWN)
        else:
            # asyncpg's complaints about an argument are ValueErrors as well.
            down = isinstance(error, LOST) and not isinstance(error, ValueError)
        return StoreDown(f"the database went away: {self.said(error)}") if down else None

    def said(self, error: BaseException) -> str:
        """An error's words, without the password."""
        text = str(error).strip() or type(error).__name__
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return text
