"""When each connection of an owned shard was first started: nothing of what happened before is ever published."""

import asyncio

from bridge.calls.journal_format import Remembered, put
from bridge.calls.journal_keys import SinceKey
from bridge.calls.journal_values import Moment
from bridge.calls.shard_owner import OwnedShard


class FirstStarts:
    """One for all that settles in an owned shard, so that one moment is written for a connection, and only once."""

    def __init__(self, owned: OwnedShard, remembered: Remembered) -> None:
        self._owned = owned
        self._known = {key.connection: kept.value.ms for key, kept in remembered.since.items()}
        self._storing = asyncio.Lock()

    async def of(self, connection: str) -> int:
        """Give a connection's first start, epoch milliseconds by the brokers' clock; stored before it is given.

        For a loop of the background, as a step of its own. ShardLost passes through.
        """
        async with self._storing:
            if connection not in self._known:
                self._known[connection] = await self._owned.tasks.perform(self._store(connection))
        return self._known[connection]

    async def _store(self, connection: str) -> int:
        owned = self._owned
        now_ms = owned.clock.epoch_ms(owned.clock.now())
        await owned.means.writer.append((put(SinceKey(connection), Moment(now_ms)),))
        return now_ms
