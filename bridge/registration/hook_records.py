"""The registrations of one connection as the journal has them. Memory follows what is stored, never the reverse."""

from collections.abc import Mapping, Sequence

from bridge.calls.journal import JournalRecord, ShardWriter
from bridge.calls.journal_format import Kept, forget, put
from bridge.calls.journal_keys import HookKey
from bridge.calls.journal_values import Hook
from bridge.pbx.hook_keys import HookName
from bridge.registration.evidence import HookEvidence
from bridge.registration.plan import KnownHook, unknown_after_a_crash


class HookRecords:
    """Begins with what a take-over found. `evidence` is what has been seen of the hooks since."""

    def __init__(
        self, connection: str, found: Mapping[HookName, Kept[Hook]], writer: ShardWriter, evidence: HookEvidence
    ) -> None:
        self.kept: Mapping[HookName, Kept[Hook]] = dict(found)
        self._connection = connection
        self._writer = writer
        self._evidence = evidence

    def known(self, now_ms: int) -> Mapping[HookName, KnownHook]:
        """Give the hooks with what speaks for and against them."""
        return {name: self._known(name, kept, now_ms) for name, kept in self.kept.items()}

    def last_deliveries_ms(self) -> Mapping[HookName, int]:
        """Give when each hook brought its last event, as far as this process has seen it."""
        found = {name: self._evidence.last_delivery_ms(self._connection, name, 0) for name in self.kept}
        return {name: moment for name, moment in found.items() if moment is not None}

    async def store(self, changes: Mapping[HookName, Hook | None], beside: Sequence[JournalRecord] = ()) -> None:
        """Store some hooks, None: there is none any more, together with other records. ShardLost passes through."""
        records = [
            forget(key) if hook is None else put(key, hook)
            for name, hook in changes.items()
            for key in (HookKey(self._connection, name.event, name.generation),)
        ]
        appended_ms = await self._writer.append((*beside, *records))
        kept = {name: hook for name, hook in self.kept.items() if name not in changes}
        kept |= {name: Kept(hook, appended_ms) for name, hook in changes.items() if hook is not None}
        self.kept = kept

    async def store_what_is_known_now(self) -> None:
        """Store that a dead owner's intents are unknown, and that unknown ones have been proved by an event."""
        changes: dict[HookName, Hook | None] = {}
        for name, (hook, since_ms) in self.kept.items():
            found = unknown_after_a_crash(hook)
            if found.state == "unknown" and self._evidence.last_delivery_ms(self._connection, name, since_ms):
                found = Hook("active", hook.address)
            if found != hook:
                changes[name] = found
        if changes:
            await self.store(changes)

    def _known(self, name: HookName, kept: Kept[Hook], now_ms: int) -> KnownHook:
        hook, since_ms = kept
        delivered = self._evidence.last_delivery_ms(self._connection, name, since_ms) is not None
        if hook.state == "active" or delivered:
            missed = self._evidence.missed_by_active(self._connection, name, since_ms, now_ms)
        else:
            missed = self._evidence.missed_by_unknown(self._connection, name, since_ms)
        return KnownHook(hook, delivered, missed)
