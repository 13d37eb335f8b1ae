"""posthouse serve: run until told to stop."""

import asyncio
import logging
import os
import socket
import sys
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Final, NoReturn

import msgspec
import typer

from posthouse.clock import SystemClock
from posthouse.config import Config, load
from posthouse.config.schema import Role
from posthouse.config.unenforced import unenforced
from posthouse.config.values import Endpoint, Scalar, endpoint
from posthouse.providers.base import is_loopback
from posthouse.providers.catalogue import SPECS
from posthouse.supervisor import ALIVE, READY, SECRET, SHELF, SOCKET, WORKER, supervise, worker_command
from posthouse.telemetry import finish, log, set_up
from posthouse.telemetry.otel import Otel, asked, opened
from posthouse.telemetry.sentry import report

MOST_WORKERS: Final = 1024

EXAMPLES: Final = """
  posthouse serve
  posthouse serve --config /etc/posthouse/posthouse.yaml
  posthouse serve --listen 127.0.0.1:9090
  posthouse serve --workers auto             one process per core on PostgreSQL, one on SQLite
  posthouse serve --role delivery            only sends what others have accepted; needs PostgreSQL
"""


def serve(
    config: Annotated[Path | None, typer.Option("--config", "-c", metavar="FILE", help="Configuration file.")] = None,
    listen: Annotated[
        str | None, typer.Option(metavar="HOST:PORT", help="Where to listen; port 0 takes a free one.")
    ] = None,
    workers: Annotated[
        str | None,
        typer.Option(
            metavar="N|auto",
            help="Processes on this machine; more than 1 needs PostgreSQL; auto: one per core there, else 1.",
        ),
    ] = None,
    role: Annotated[
        Role, typer.Option(help="web accepts, delivery sends, all does both; every role answers on its address.")
    ] = "all",
) -> None:
    """Accept messages and deliver them, until told to stop.

    At SIGTERM and Ctrl-C what has begun is finished first; a second one ends it at once. SIGHUP reads the
    configuration anew.
    """
    set_up()
    settings = load(config, os.environ, SPECS, SystemClock().now())
    if isinstance(settings, list):
        for problem in settings:
            print(problem, file=sys.stderr)
        raise typer.Exit(1)
    set_up(form=settings.log.format, first=settings.log.successes, one_in=settings.log.then_one_in)
    with _watched():
        _start(settings, config, listen, workers, role)


@contextmanager
def _watched() -> Iterator[None]:
    """Faults go to Sentry too, where that is asked for; at the end what was left out of the log is told."""
    try:
        sentry = report(os.environ)
    except ValueError as error:
        print(error, file=sys.stderr)
        raise typer.Exit(1) from None
    try:
        yield
    finally:
        finish()
        if sentry is not None:
            sentry.finish()


def _start(settings: Config, config: Path | None, listen: str | None, workers: str | None, role: Role) -> NoReturn:
    """Serve as one process, as one of several, or as the supervisor of several; it ends with the exit status."""
    if SOCKET in os.environ:
        raise typer.Exit(_run(_serve(settings, _handed_down(), config, role, _ready_to_supervisor)))
    for warning in settings.warnings:
        print(f"warning: {warning}", file=sys.stderr)
    for note in unenforced(settings):
        print(f"note: {note}", file=sys.stderr)
    count = _workers(settings, workers)
    if settings.store.dialect == "sqlite" and (count > 1 or role != "all"):
        print("a SQLite store belongs to one process: several workers and roles need PostgreSQL", file=sys.stderr)
        raise typer.Exit(2)
    place = settings.http.listen if listen is None else _endpoint(listen)
    if settings.mode == "development" and not is_loopback(place.host):
        print(
            "development mode listens on this machine only, as its key is no secret: 'posthouse init' writes a "
            "configuration",
            file=sys.stderr,
        )
        raise typer.Exit(2)
    listener = _bound(place)

    def welcome() -> None:
        print(_welcome(settings, _address(listener)), flush=True)

    if count > 1:
        raise typer.Exit(asyncio.run(supervise(worker_command(settings.source), count, listener, welcome)))
    raise typer.Exit(_run(_serve(settings, listener, config, role, welcome)))


def _workers(settings: Config, asked: str | None) -> int:
    if asked is None or asked == "auto":
        meant = settings if asked is None else msgspec.structs.replace(settings, workers="auto")
        return meant.processes(os.cpu_count() or 1)
    if not asked.isdecimal() or not 1 <= int(asked) <= MOST_WORKERS:
        expected = f"expected a number from 1 to {MOST_WORKERS}, or auto"
        raise typer.BadParameter(expected, param_hint="--workers")
    return int(asked)


def _endpoint(text: str) -> Endpoint:
    found = endpoint(Scalar(text))
    if found is None:
        raise typer.BadParameter("expected HOST:PORT, such as 127.0.0.1:8080", param_hint="--listen")
    return found


def _bound(place: Endpoint) -> socket.socket:
    family = socket.AF_INET6 if ":" in place.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((place.host, place.port))
    except (OSError, UnicodeError) as error:  # a name that is too long is none that can be encoded
        print(f"cannot listen on {place}: {getattr(error, 'strerror', None) or error}", file=sys.stderr)
        raise typer.Exit(1) from None
    listener.listen(1024)
    listener.setblocking(False)
    return listener


def _handed_down() -> socket.socket:
    """The socket of the supervisor."""
    listener = socket.socket(fileno=int(os.environ[SOCKET]))
    listener.setblocking(False)
    return listener


def _ready_to_supervisor() -> None:
    os.write(int(os.environ[READY]), b"ready")


def _run(serving: Coroutine[Any, Any, int]) -> int:
    import uvloop  # not needed by any other command

    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(serving)
    except Exception as error:  # a traceback would quote its words
        log("ended by an internal error", level=logging.CRITICAL, error=error)
        return 1


async def _serve(
    settings: Config, listener: socket.socket, file: Path | None, role: Role, ready: Callable[[], None]
) -> int:
    from posthouse.config.load import from_bytes
    from posthouse.gateway import Gateway
    from posthouse.metrics.shelf import Shelf
    from posthouse.signals import end_with, heed_signals
    from posthouse.store.contract import StoreRefused

    clock, otel = SystemClock(), None
    try:
        otel = _otel()
        gateway = await Gateway.open(
            settings,
            clock,
            # A file found by its name is the one that counts, also while it is away: the development mode is no answer.
            load=lambda: load(file or settings.source, os.environ, SPECS, clock.now()),
            parse=lambda data: from_bytes(data, os.environ, SPECS, clock.now()),
            role=role,
            secret=bytes.fromhex(os.environ[SECRET]) if SECRET in os.environ else None,
            shelf=Shelf(Path(os.environ[SHELF]), int(os.environ[WORKER])) if SHELF in os.environ else None,
            otel=otel,
        )
    except (StoreRefused, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    heed_signals(gateway)
    if ALIVE in os.environ:  # it ends with the supervisor: nobody else would start it again
        end_with(gateway, int(os.environ[ALIVE]))
    try:
        return await gateway.run(listener, ready)
    finally:
        if otel is not None:
            otel.finish()


def _otel() -> Otel | None:
    """What sends to OpenTelemetry, where the environment asks for it."""
    wants = asked(os.environ)
    return None if wants is None else opened(wants, os.environ, f"{socket.gethostname()}.{os.getpid()}")


def _address(listener: socket.socket) -> str:
    host, port, *_ = listener.getsockname()
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _welcome(settings: Config, address: str) -> str:
    """The first lines: where it listens and, in development, a call to try."""
    if settings.mode != "development":
        pools = ", ".join(f"{pool.name} ({', '.join(pool.providers)})" for pool in settings.pools.values())
        return f"Posthouse listens on {address}\n  pools: {pools}\n  store: {settings.store.place}"
    return f"""Posthouse listens on {address} in development mode: no configuration was found.
  Nothing leaves this machine: the provider 'sandbox' keeps what it sends in ./sent (a Maildir).
  Store ./{settings.store.path}, pool example.com, any sender, key 'dev' for everything.
  Try it:

    curl {address}/email -H 'Authorization: Bearer dev' -H 'Prefer: wait=5' \\
      --json '{{"from":"you@example.com","to":"ann@example.org","subject":"Hello","text":"It works."}}'

  A recipient such as x+defer@example.org makes the provider fail; also refuse, throttle, unauthorised, unsure, slow.
  'posthouse init' writes a configuration for real providers."""
