"""One process at a time on what several share in the cache."""

import asyncio
import contextlib
import fcntl
import os
from collections.abc import AsyncIterator
from pathlib import Path

_PAUSE = 0.2
# Seconds between two looks at the lock: a wait in the system call itself could not be cancelled.


@contextlib.asynccontextmanager
async def locked(file: Path) -> AsyncIterator[int]:
    """Hold the lock on this file, waiting for it as long as it takes, and give its descriptor.

    The lock ends with the last process that has the descriptor open.
    """
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                await asyncio.sleep(_PAUSE)
        yield descriptor
    finally:
        os.close(descriptor)
