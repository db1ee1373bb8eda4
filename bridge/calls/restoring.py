"""The window and the slow-down of a dead owner, from what the journal says of them. Pure.

The journal knows the brokers' clock alone, this process a monotonic one of its own. The take-over marker is on both:
its append time is "now" by the brokers, and its acknowledgement comes a little later by ours. Only differences between
append times count, so it does not matter what either clock says. Where a moment is not known, the latest is taken.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from bridge.calls.admission import Admission
from bridge.calls.brokers_clock import Anchor
from bridge.calls.connection_options import ConnectionOptions
from bridge.calls.journal_format import Remembered
from bridge.calls.journal_keys import RefusalKey
from bridge.calls.lanes import WorkT
from bridge.calls.quota import Ending, Held, Quota, Window
from bridge.calls.slow_down import SlowDown


class StoredSlot(NamedTuple):
    """A slot's last record: `ending` is None as long as only the reservation is stored."""

    slot: int
    dial: bool
    appended_ms: int
    ending: Ending | None


class StoredRefusal(NamedTuple):
    """The last refusal of the vendor: the freeze in seconds that it began, and how often the limit was lowered."""

    appended_ms: int
    freeze: float
    steps: int


def restore_window(quota: Quota, marker: Anchor, stored: Iterable[StoredSlot]) -> Window:
    """Give the window that a take-over begins with: no slot in it is free before it can have been for its old owner.

    A reservation is stored before its call is sent, and an ending after it was seen, so append times are late enough.
    """
    held = (Held(quota.free_at(marker.latest(one.appended_ms), one.ending), one.slot, one.dial) for one in stored)
    return Window.of(quota, tuple(one for one in held if one.until > marker.acknowledged))


def restore_slow_down(marker: Anchor, stored: StoredRefusal | None) -> SlowDown:
    """Give the slow-down that a take-over begins with."""
    if stored is None:
        return SlowDown()
    at = marker.latest(stored.appended_ms)
    return SlowDown(stored.steps, at, at + stored.freeze)


def restore_admissions(
    connections: Mapping[str, ConnectionOptions], marker: Anchor, remembered: Remembered
) -> dict[str, Admission[WorkT]]:
    """Give the admission of each connection, as a take-over begins with it. Others than these are let be."""
    stored: dict[str, list[StoredSlot]] = defaultdict(list)
    for slot, (value, appended_ms) in remembered.slots.items():
        stored[slot.connection].append(StoredSlot(slot.number, value.dial, appended_ms, value.ending))
    admissions: dict[str, Admission[WorkT]] = {}
    for name, options in connections.items():
        kept = remembered.refusals.get(RefusalKey(name))
        refusal = None if kept is None else StoredRefusal(kept.appended_ms, kept.value.freeze, kept.value.steps)
        admissions[name] = Admission(
            options.quota,
            options.max_queued,
            restore_window(options.quota, marker, stored.get(name, ())),
            slow_down=restore_slow_down(marker, refusal),
        )
    return admissions
