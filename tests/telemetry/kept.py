"""The log of this very process, which `set_up` changes, put back as it was."""

import logging
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

NAMES = ("posthouse", "uvicorn", "uvicorn.error", "asyncio")


@contextmanager
def kept_log() -> Iterator[None]:
    loggers = [logging.getLogger(name) for name in NAMES]
    before = [(logger, logger.handlers[:], logger.level, logger.propagate) for logger in loggers]
    told = (logging.logThreads, logging.logProcesses, logging.logMultiprocessing)
    hooks = (logging.lastResort, sys.excepthook, threading.excepthook)
    try:
        yield
    finally:
        for logger, handlers, level, propagate in before:
            logger.handlers[:], logger.propagate = handlers, propagate
            logger.setLevel(level)
        logging.logThreads, logging.logProcesses, logging.logMultiprocessing = told
        logging.lastResort, sys.excepthook, threading.excepthook = hooks
