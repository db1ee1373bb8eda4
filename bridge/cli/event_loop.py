"""Which event loop runs, and how the garbage collector treats a process that runs for months."""

import asyncio
import gc
from collections.abc import Coroutine
from typing import TypeVar

Result = TypeVar("Result")


def run_loop(main: Coroutine[object, object, Result]) -> Result:
    """Run a coroutine to its end, on uvloop where the extra is installed."""
    try:
        import uvloop  # noqa: PLC0415 - an optional extra
    except ModuleNotFoundError:
        return asyncio.run(main)
    return uvloop.run(main)


GC_THRESHOLDS = (20_000, 50, 50)
# Python's own, 700, 10, 10, walk all that lives every few thousand requests: a third of the ingress's CPU. Nearly all
# of a request is freed by reference counts; what is not waits for these, some megabytes.


def settle_memory() -> None:
    """Take what lives now out of the collector's sight, and let it look less often; called when all has started."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)
