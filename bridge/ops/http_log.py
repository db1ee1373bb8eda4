"""The log of an HTTP server without what strangers can put into it.

aiohttp writes an error with a traceback, and with bytes of the client's, for each request that is no HTTP. Anybody can
send those by the thousand, so they are counted instead.
"""

import logging
from collections.abc import Callable

from aiohttp.http_exceptions import HttpProcessingError
from typing_extensions import override


class _WithoutMalformed(logging.Filter):
    def __init__(self, count: Callable[[], None]) -> None:
        super().__init__()
        self._count = count

    @override
    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, HttpProcessingError):
            self._count()
            return False
        # Below an error the server only tells of clients that left.
        return record.levelno >= logging.ERROR


def http_logger(name: str, count_malformed: Callable[[], None]) -> logging.Logger:
    """Return a logger for one server; `count_malformed` is called for each request that is no HTTP."""
    # Not one of the process's named loggers: each server has its own count.
    logger = logging.Logger(name, logging.DEBUG)  # noqa: LOG001 - see above; the commonest kind comes at this level
    logger.parent = logging.getLogger()
    logger.addFilter(_WithoutMalformed(count_malformed))
    return logger
