"""Keeps the client library's log quiet: in an outage it writes some 80 error lines a second, all alike.

The bridge has its own line when an outage begins and when it ends; of the library's, one of a kind a minute is enough
to see the cause. Once the bridge has found the cause and said so, they have nothing to add.
"""

import logging
from collections.abc import Callable
from typing import Final

from typing_extensions import override

ONE_PER_SECONDS = 60.0
# Of each kind; a kind is a logger, a level and a text before its values are put in.
MOST_KINDS = 500
# The library has fewer than 200 texts in all; a bound all the same, as it may put values into a text some day.
LIBRARY: Final = "aiokafka"
TOLD_BY_US: Final = frozenset({'Unable connect to "%s:%s": %s'})
# Of a client that cannot begin: `bridge.kafka.access_watch` finds out why, and says it once.


class OneOfAKind(logging.Filter):
    """Lets the first record of a kind pass and drops its like for a minute; the next one says how many were dropped.

    While the cause is `explained` it drops them all.
    """

    def __init__(
        self, now: Callable[[], float], every: float = ONE_PER_SECONDS, explained: Callable[[], bool] = lambda: False
    ) -> None:
        super().__init__()
        self._explained = explained
        self._now = now
        self._every = every
        self._seen: dict[tuple[str, int, str], tuple[float, int]] = {}

    @override
    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is written; adds the number of those dropped before it to its text."""
        kind = (record.name, record.levelno, str(record.msg))
        if record.msg in TOLD_BY_US or self._explained():
            return False
        now = self._now()
        written, dropped = self._seen.get(kind, (now - self._every, 0))
        if now - written < self._every:
            self._seen[kind] = (written, dropped + 1)
            return False
        if len(self._seen) >= MOST_KINDS:
            self._seen.clear()
        self._seen[kind] = (now, 0)
        if dropped:
            record.msg = f"{record.getMessage()} ({dropped} more like it)"
            record.args = None
        return True


def quieten_library(now: Callable[[], float], explained: Callable[[], bool] = lambda: False) -> OneOfAKind:
    """Install one filter for all loggers of the library, in place of an earlier one, and return it.

    `now` is a monotonic clock in seconds; `explained` is whether the log has said why there is no connection.

    Below WARNING nothing is written: the library's debug lines hold keys and values of records.
    """
    logging.getLogger(LIBRARY).setLevel(logging.WARNING)
    quiet = OneOfAKind(now, explained=explained)
    for name in list(logging.root.manager.loggerDict):
        # A logger's filter does not apply to its children's records, so each one gets it.
        if name == LIBRARY or name.startswith(f"{LIBRARY}."):
            logger = logging.getLogger(name)
            for earlier in [one for one in logger.filters if isinstance(one, OneOfAKind)]:
                logger.removeFilter(earlier)
            logger.addFilter(quiet)
    return quiet
