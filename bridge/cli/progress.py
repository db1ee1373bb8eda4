"""A word on stderr about what takes longer than a second, so that nobody takes waiting for hanging."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import typer

AFTER_S = 1.0


@contextmanager
def progress(sentence: str) -> Iterator[None]:
    """Say the sentence if what stands inside takes longer than `AFTER_S`; on the running event loop."""
    timer = asyncio.get_running_loop().call_later(AFTER_S, partial(typer.echo, f"# {sentence}", err=True))
    try:
        yield
    finally:
        timer.cancel()
