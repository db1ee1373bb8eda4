"""The shards of this process: what the group assigns is owned, what it revokes is handed over."""

import asyncio
from collections.abc import Iterator, Mapping

from bridge.calls.shard_owner import Membership, Premises, ShardOwner
from bridge.calls.slots import ShardSlots

COMMIT_EVERY_S = 1.0
# Correctness does not rest on it: what a successor reads again it drops, since the journal knows it.
OPENED_AT_ONCE = 4
# Each take-over reads a whole journal: more at once would take no less time, and all of the memory together.


class Ownership:
    """Listens to the group (`kafka.group_member.Ownership`). One for a process."""

    def __init__(self, premises: Premises) -> None:
        self._premises = premises
        self._membership: Membership | None = None
        self._owners: dict[int, ShardOwner] = {}
        self._committed: dict[int, int] = {}
        self._committing: asyncio.Task[None] | None = None
        self._opening = asyncio.Semaphore(OPENED_AT_ONCE)

    @property
    def owners(self) -> Mapping[int, ShardOwner]:
        """All shards that are assigned to this process."""
        return self._owners

    def slots(self) -> Iterator[ShardSlots]:
        """Go through the slots of all shards that are served."""
        return (owner.slots for owner in self._owners.values() if owner.slots is not None)

    def start(self, membership: Membership) -> None:
        """Take the place in the group that assigns shards; before the group is joined."""
        self._membership = membership
        self._committing = asyncio.create_task(self._commit())

    async def stop(self) -> None:
        """End what goes on beside the shards, which have been handed over before."""
        if self._committing is not None:
            self._committing.cancel()
            await asyncio.wait({self._committing})

    def assigned(self, partitions: frozenset[int]) -> None:
        """Begin to take shards over."""
        assert self._membership is not None
        for shard in partitions:
            self._committed.pop(shard, None)
            self._owners[shard] = ShardOwner(shard, self._membership, self._premises, self._opening)

    async def revoked(self, partitions: frozenset[int]) -> None:
        """Hand shards over; within some 17 s."""
        owners = [owner for shard in partitions if (owner := self._owners.get(shard)) is not None]
        try:
            await asyncio.gather(*(owner.hand_over() for owner in owners))
        finally:
            for owner in owners:
                if self._owners.get(owner.shard) is owner:
                    del self._owners[owner.shard]

    def problem(self) -> str | None:
        """Say which shards are not served, and why; None when all are that this process was given."""
        waiting = {shard: owner.problem for shard, owner in sorted(self._owners.items()) if owner.problem is not None}
        if not waiting:
            return None
        first = next(iter(waiting))
        return f"{len(waiting)} shards are not served yet, first {first}: {waiting[first]}"

    async def _commit(self) -> None:
        assert self._membership is not None
        while True:
            await asyncio.sleep(COMMIT_EVERY_S)
            tenants = {shard: owner.tenant for shard, owner in self._owners.items() if owner.tenant is not None}
            offsets = {shard: tenant.committable for shard, tenant in tenants.items()}
            changed = {shard: offset for shard, offset in offsets.items() if self._committed.get(shard) != offset}
            if changed and await self._membership.commit(changed):
                self._committed.update(changed)
                for shard, offset in changed.items():
                    tenants[shard].committed(offset)
