"""Which event loop runs: uvloop where the extra is installed, else asyncio's own."""

import asyncio
from collections.abc import Coroutine
from typing import TypeVar

Result = TypeVar("Result")


def run_loop(main: Coroutine[object, object, Result]) -> Result:
    """Run a coroutine to its end."""
    try:
        import uvloop  # noqa: PLC0415 - an optional extra
    except ModuleNotFoundError:
        return asyncio.run(main)
    return uvloop.run(main)
