"""Counting what the vendor added to its payloads, changed in them or left out, by name and within bounds."""

import re
from collections.abc import Sequence
from typing import Final

import structlog

from bridge.ops.metrics import CounterName, Metrics

log = structlog.get_logger(__name__)

_MOST_UNKNOWN_NAMES = 64
# Each name is a time series for ever; a vendor adds a handful of fields a year.
_PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.]{0,63}", re.ASCII)
# Anything else could be a telephone number used as a key, which has no place in a metric. A dot is ours: it stands
# between a list and a field of its objects.
_OTHER = "(other)"
_UNKNOWN: Final[CounterName] = "bridge_vendor_fields_unknown_total"
_MISTYPED: Final[CounterName] = "bridge_vendor_fields_mistyped_total"
_MISSING: Final[CounterName] = "bridge_vendor_fields_missing_total"
_SENTENCES: Final[dict[CounterName, str]] = {
    _UNKNOWN: "the vendor sends a field that the schema does not know: it is kept under extra",
    _MISTYPED: "the vendor sends a field in another type than known: it is null, and kept under extra as it was sent",
    _MISSING: "the vendor does not send a field that its contract has: it is null",
}


class FieldDrift:
    """Counts unknown, mistyped and missing fields, and logs each the first time."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._names: set[str] = set()
        self._told: set[tuple[CounterName, str, str]] = set()

    def count(self, event: str, unknown: Sequence[str], mistyped: Sequence[str], missing: Sequence[str]) -> None:
        """Count the fields of one payload, by the vendor's names; the caller asks only when there are any."""
        others = 0
        for name in unknown:
            if self._is_named(name):
                self._count(_UNKNOWN, event, name)
            else:
                others += 1
        if others:
            self._count(_UNKNOWN, event, _OTHER, others)
        for name in mistyped:
            self._count(_MISTYPED, event, name)
        for name in missing:
            self._count(_MISSING, event, name)

    def _count(self, counter: CounterName, event: str, name: str, times: int = 1) -> None:
        self._metrics.counter(counter, (event, name)).inc(times)
        once = (counter, event, name)
        if once not in self._told:
            self._told.add(once)
            log.warning(_SENTENCES[counter], of=event, field=name)

    def _is_named(self, name: str) -> bool:
        if name in self._names:
            return True
        if len(self._names) >= _MOST_UNKNOWN_NAMES or _PLAIN_NAME.fullmatch(name) is None:
            return False
        self._names.add(name)
        return True
