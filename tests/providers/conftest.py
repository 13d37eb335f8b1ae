"""What speaks HTTP is tried on both loops: the server runs on uvloop, and on asyncio's own where there is none."""

import asyncio
from collections.abc import Callable

import pytest
import uvloop

BOTH = {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    del config
    return BOTH if item.path.name in ("test_client.py", "test_http.py") else {"asyncio": asyncio.new_event_loop}
