"""What shows that a registration exists, or that it does not bring what it should: events, and gaps between them.

Whoever reads the event topics tells of each event that came by a webhook; whoever reconciles tells of each event that
should have come by one and did not. Both may tell things again, and in any order. Of a hook and of an event the last
few moments are kept, which is all that is ever asked for. Times are epoch milliseconds by the brokers' clock.
"""

from bisect import bisect_right, insort
from types import MappingProxyType
from typing import Final

from bridge.events.catalogue import WEBHOOK_EVENTS, EventName
from bridge.pbx.hook_keys import HookName, parse_hook
from bridge.registration.plan import SILENT_AFTER

MAY_BE_REPLACED_AFTER_MS: Final = 10 * 60_000
# A registration that exists is left alone for so long: its first events may be on their way to the topics, or to the
# reconciliation.
REPLACED_WITHOUT_WITNESS_AFTER_MS: Final = 3_600_000
# While nothing comes by any registration of the connection, the way to us is broken rather than each of them. But a
# vendor may switch off all of them, too: then each is replaced once an hour at most.
_WEBHOOKS: Final = MappingProxyType({event: webhook for webhook, event in WEBHOOK_EVENTS.items()})


class HookEvidence:
    """Keeps what has been told, for all connections, whoever owns them."""

    def __init__(self) -> None:
        self._delivered: dict[str, dict[HookName, list[int]]] = {}
        self._missed: dict[str, dict[str, list[int]]] = {}

    def delivered(self, connection: str, hook: str, appended_ms: int) -> None:
        """Note an event that came by the hook `<EventName>.<generation>`; what is none is passed over."""
        name = parse_hook(hook)
        if name is not None:
            _keep(self._delivered.setdefault(connection, {}).setdefault(name, []), appended_ms)

    def missed(self, connection: str, event: EventName, happened_ms: int) -> None:
        """Note that an event happened and came by no webhook; one that no webhook brings is passed over."""
        if (webhook := _WEBHOOKS.get(event)) is not None:
            _keep(self._missed.setdefault(connection, {}).setdefault(webhook, []), happened_ms)

    def last_delivery_ms(self, connection: str, name: HookName, since_ms: int) -> int | None:
        """Give when the last event came by a hook, if that was at `since_ms` or later."""
        moments = self._delivered.get(connection, {}).get(name)
        return moments[-1] if moments and moments[-1] >= since_ms else None

    def missed_by_unknown(self, connection: str, name: HookName, since_ms: int) -> int:
        """Count what a hook of which nobody knows whether it exists should have brought; above `SILENT_AFTER` it stops.

        That is what the reconciliation found, and what came by other hooks for the same event.
        """
        others = self._delivered.get(connection, {}).items()
        came = sum(
            _since(moments, since_ms) for other, moments in others if other.event == name.event and other != name
        )
        return came + _since(self._missed.get(connection, {}).get(name.event, []), since_ms)

    def missed_by_active(self, connection: str, name: HookName, since_ms: int, now_ms: int) -> int:
        """Count what a hook that exists should have brought since its last event; 0 while there may be other reasons.

        A receiver that is down misses everything, and no registration is to blame for it.
        """
        age_ms = now_ms - since_ms
        if age_ms < MAY_BE_REPLACED_AFTER_MS:
            return 0
        silent_since = max(since_ms, (self.last_delivery_ms(connection, name, since_ms) or 0) + 1)
        moments = self._missed.get(connection, {}).get(name.event, [])
        missed = _since(moments, silent_since)
        if missed < SILENT_AFTER or age_ms >= REPLACED_WITHOUT_WITNESS_AFTER_MS:
            return missed
        others = self._delivered.get(connection, {}).items()
        witnessed = any(other != name and at[-1] >= moments[-1] for other, at in others)
        return missed if witnessed else 0


def _keep(moments: list[int], moment: int) -> None:
    """Keep the latest few."""
    insort(moments, moment)
    if len(moments) > SILENT_AFTER:
        del moments[0]


def _since(moments: list[int], since_ms: int) -> int:
    return len(moments) - bisect_right(moments, since_ms - 1)
