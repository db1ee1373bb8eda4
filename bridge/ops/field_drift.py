"""Counting what the vendor added to its payloads or changed in them, by name and within bounds."""

import re
from collections.abc import Sequence

from bridge.ops.metrics import Metrics

_MOST_UNKNOWN_NAMES = 64
# Each name is a time series for ever; a vendor adds a handful of fields a year.
_PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}", re.ASCII)
# Anything else could be a telephone number used as a key, which has no place in a metric.
_OTHER = "(other)"


class FieldDrift:
    """Counts unknown and mistyped fields."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._names: set[str] = set()

    def count(self, event: str, unknown: Sequence[str], mistyped: Sequence[str]) -> None:
        """Count the fields of one payload, by the vendor's names; the caller asks only when there are any."""
        others = 0
        for name in unknown:
            if self._is_named(name):
                self._metrics.counter("bridge_vendor_fields_unknown_total", (event, name)).inc()
            else:
                others += 1
        if others:
            self._metrics.counter("bridge_vendor_fields_unknown_total", (event, _OTHER)).inc(others)
        for name in mistyped:
            self._metrics.counter("bridge_vendor_fields_mistyped_total", (event, name)).inc()

    def _is_named(self, name: str) -> bool:
        if name in self._names:
            return True
        if len(self._names) >= _MOST_UNKNOWN_NAMES or _PLAIN_NAME.fullmatch(name) is None:
            return False
        self._names.add(name)
        return True
