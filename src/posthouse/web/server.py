"""The HTTP server: uvicorn, told when to stop instead of deciding it, and with our connections."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import uvicorn

from posthouse.web.connection import Connection, hurry

GOODBYE_S: Final = 2.0
"""How long connections that are still open are given after the door is closed."""


class Server(uvicorn.Server):
    """Set `should_exit` to close the door."""

    async def on_tick(self, counter: int) -> bool:
        """Ten times a second."""
        if counter % 5 == 0:
            hurry(list(self.server_state.connections))
        return await super().on_tick(counter)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals are heeded elsewhere."""
        yield


def server(app: Any) -> Server:
    """A server of an ASGI application; `serve` it on sockets that listen."""
    return Server(
        uvicorn.Config(
            app,
            loop="none",
            http=Connection,
            ws="none",
            lifespan="off",
            access_log=False,
            log_config=None,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=int(GOODBYE_S),
        )
    )
