"""`bridge send`: commands from a terminal, and their results."""

from bridge.cli.send.commands import app

__all__ = ["app"]
