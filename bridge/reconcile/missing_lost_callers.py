"""How the vendor's list of lost callers differs from what was published of it. Pure, but it changes in place.

The list is a set: whoever is on it and was not announced is `added`, whoever has called again in vain is `updated`,
whoever was announced and is gone is `removed`. A difference counts when two walks in a row have shown it, and for
longer than the grace: a walk and the topics are never of the same moment.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from bridge.events.catalogue import EventName
from bridge.reconcile.compared_lists import LostRow
from bridge.reconcile.published_facts import Pair, Told


class Difference(NamedTuple):
    """An event that is missing, and of whom."""

    event: EventName
    pair: Pair


class MissingLostCallers:
    """One connection's."""

    def __init__(self, grace_ms: int) -> None:
        self._grace_ms = grace_ms
        self._since_ms: dict[Difference, int] = {}

    def compare(
        self, rows: Sequence[LostRow], told: Mapping[Pair, Told], now_ms: int, *, floor_ms: int, complete: bool
    ) -> list[tuple[Difference, LostRow | None]]:
        """Give what is to be published, with the row where there is one; those who called longest ago come first.

        Who has not called since the floor is announced by nobody. `complete` is false when a row could not be read:
        nobody is gone then, since that row may be his.
        """
        found = _differences(rows, told, floor_ms)
        if complete:
            on_list = {row.pair for row in rows}
            for pair, known in told.items():
                if known.listed and pair not in on_list:
                    found[Difference(EventName.LOST_CALLER_REMOVED, pair)] = None
        before, self._since_ms = self._since_ms, {}
        due: list[tuple[Difference, LostRow | None]] = []
        for difference, row in found.items():
            since_ms = before.get(difference, now_ms)
            self._since_ms[difference] = since_ms
            if difference in before and since_ms + self._grace_ms <= now_ms:
                due.append((difference, row))
        return sorted(due, key=lambda one: 0 if one[1] is None else one[1].told.last_contact_s or 0)

    def forget(self) -> None:
        """Begin anew, since the list could not be walked: what was seen before was not seen in the walk before."""
        self._since_ms = {}


def _differences(rows: Sequence[LostRow], told: Mapping[Pair, Told], floor_ms: int) -> dict[Difference, LostRow | None]:
    found: dict[Difference, LostRow | None] = {}
    for row in rows:
        contact_s = row.told.last_contact_s
        if contact_s is None or contact_s * 1000 < floor_ms:
            continue
        known = told.get(row.pair)
        if known is None or not known.listed:
            found[Difference(EventName.LOST_CALLER_ADDED, row.pair)] = row
        elif row.told not in known.tries and contact_s >= known.last_contact_s:
            # An older one is a list that lags behind its own webhooks.
            found[Difference(EventName.LOST_CALLER_UPDATED, row.pair)] = row
    return found
