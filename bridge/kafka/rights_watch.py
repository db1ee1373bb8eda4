"""Tells which rights on Kafka a service lacks: a line when one is missed, and one when it is there again.

Nothing is decided by it: whoever needs a right tries again by himself.
"""

import asyncio
from collections.abc import Callable, Collection
from typing import Final

import structlog

from bridge.kafka.client_options import ClientOptions
from bridge.kafka.missing_rights import Looked, MissingRight
from bridge.kafka.rights import Right
from bridge.kafka.rights_probe import look_at_rights

log = structlog.get_logger(__name__)

LOOK_SOON_S: Final = 5.0
# While a right is missing, a topic does not exist yet, or Kafka is away: some requests, and a connection.
LOOK_EVERY_S: Final = 60.0
# While all is well: how late it may be told that a right was taken away. What fails for it is told at once.
SHOWN: Final = 5
# Rights that are named in one sentence; the log has them all.


class RightsWatch:
    """Looks from `start` to `stop`. `options` is asked for each look; `topics` are those of the installation."""

    def __init__(self, table: Collection[Right], topics: Collection[str], options: Callable[[], ClientOptions]) -> None:
        self._table = table
        self._topics = topics
        self._options = options
        self._missing: tuple[MissingRight, ...] = ()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin, and return at once."""
        self._task = asyncio.create_task(self._look_for_ever(), name="kafka rights")

    async def stop(self) -> None:
        """End what is under way."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})

    def problem(self) -> str | None:
        """Name the rights that were missing at the last look; None while all are there."""
        if not self._missing:
            return None
        more = len(self._missing) - SHOWN
        named = ", ".join(str(one) for one in self._missing[:SHOWN])
        return f"missing: {named}{f', and {more} more' if more > 0 else ''}"

    async def _look_for_ever(self) -> None:
        while True:
            looked = await self._look()
            if looked is not None:
                self._tell(looked.missing)
            well = looked is not None and not looked.missing and not looked.untold
            await asyncio.sleep(LOOK_EVERY_S if well else LOOK_SOON_S)

    async def _look(self) -> Looked | None:
        try:
            return await look_at_rights(self._options(), self._table, self._topics)
        except Exception:  # noqa: BLE001 - the library fails in many ways, and this must go on
            return None  # that Kafka is away is told by others, and what is known of our rights stays

    def _tell(self, missing: tuple[MissingRight, ...]) -> None:
        for one in missing:
            if one not in self._missing:
                log.warning("a right on Kafka is missing", right=str(one), needed=one.why)
        for one in self._missing:
            if one not in missing:
                log.info("a right on Kafka was given", right=str(one))
        self._missing = missing
