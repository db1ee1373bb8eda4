"""The configuration in force, as lines for people; a secret shows as "set" or by its file."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path

from bridge.ops.secret_files import Secret
from bridge.ops.settings.connections import WEBHOOK_EVENTS
from bridge.ops.settings.model import Settings
from bridge.ops.settings.section import Section
from bridge.ops.settings.values import written_duration, written_size
from bridge.ops.settings.variables import keys_of


def describe(settings: Settings) -> list[str]:
    """Return one line `kafka.bootstrap_servers = localhost:9092` per key, in the order of the documentation."""
    return list(_lines(settings, ""))


def _lines(section: Section, prefix: str) -> Iterator[str]:
    for (key, _), name in zip(keys_of(type(section)).items(), type(section).model_fields, strict=True):
        value = getattr(section, name)
        if isinstance(value, Section):
            yield from _lines(value, f"{prefix}{key}.")
        elif isinstance(value, Mapping) and key == "connections":
            for inner, one in value.items():
                yield from _lines(one, f"{prefix}{key}.{inner}.")
        elif isinstance(value, Mapping):
            written = ", ".join(f"{inner}={one}" for inner, one in value.items())
            yield f"{prefix}{key} = {written or 'none'}"
        else:
            yield f"{prefix}{key} = {_written(key, value)}"


def _written(key: str, value: object) -> str:
    written = str(value)
    match value:
        case None:
            written = "not set"
        case Secret():
            written = "set"
        case bool():
            written = "true" if value else "false"
        case int() if key.endswith("_bytes"):
            written = written_size(value)
        case timedelta():
            written = written_duration(value)
        case datetime():
            written = value.isoformat()
        case tuple() if value == WEBHOOK_EVENTS:
            written = "all"
        case tuple():
            written = ", ".join(str(item) for item in value) or "none"
        case Path() if key.endswith("_file"):
            written = f"file {value}"
        case _:
            pass
    return written
