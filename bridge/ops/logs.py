"""Logs: one line an event on stderr, JSON unless a person watches; the standard library's loggers go the same way."""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any, TextIO

import stamina
import structlog

from bridge.ops.masking import mask_fields, mask_text

_QUIET = {
    # Each malformed request and each client that leaves would be a line; the metrics count them.
    "aiohttp.access": logging.CRITICAL,
    "aiohttp.server": logging.ERROR,
    "asyncio": logging.WARNING,
    # Each failed fetch of credentials would be a traceback, every few seconds; ours is one sentence.
    "botocore": logging.CRITICAL,
}

Fields = MutableMapping[str, Any]


def _masked(_logger: object, _method: str, fields: Fields) -> Fields:
    return mask_fields(dict(fields))


def _masked_exception(_logger: object, _method: str, fields: Fields) -> Fields:
    if isinstance(fields.get("exception"), str):
        fields["exception"] = mask_text(fields["exception"])
    return fields


def configure_logs(stream: TextIO = sys.stderr, *, level: int = logging.INFO) -> None:
    """Send all logs of this process to `stream`, masked."""
    shared: list[structlog.typing.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.format_exc_info,
        _masked,
        _masked_exception,
    ]
    renderer: structlog.typing.Processor
    renderer = structlog.dev.ConsoleRenderer() if stream.isatty() else structlog.processors.JSONRenderer()
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.ExtraAdder(), *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    stamina.instrumentation.set_on_retry_hooks([])  # it would log each try; ours log the edge
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name, quiet_level in _QUIET.items():
        logging.getLogger(name).setLevel(quiet_level)
