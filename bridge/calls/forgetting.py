"""Which identities a shard's owner may forget, and when. Pure, but it changes in place.

Two things have to be over. The horizon: until then, and a while longer for what is late on its way here, a repeat may
come. And every record that had come by the end of that time has to be behind the committed offset: whatever is not may
be delivered again, to us or to the next owner, who would carry a repeat out, or answer it.
"""

from collections import deque
from collections.abc import Mapping
from heapq import heappop, heappush

from bridge.calls.dial_states import KnownCommand
from bridge.calls.journal_values import Verdict, verdict_forgotten_at

LATE_MS = 600_000
# What a record of the command topic may need to its owner, and the brokers' clock be off here: minutes, in bad times.
MOST_AT_ONCE = 1_000
# Tombstones of one transaction, some 100 KiB.


class Forgetting:
    """The verdicts of one shard, in the order in which they may be forgotten."""

    def __init__(self) -> None:
        self._horizons: list[tuple[int, str]] = []
        self._passed: deque[tuple[int, int, str]] = deque()

    def __len__(self) -> int:
        """Give how many verdicts wait to be forgotten."""
        return len(self._horizons) + len(self._passed)

    def add(self, identity: str, verdict: Verdict) -> None:
        """Take a verdict that has been stored, or was found in the journal: each once, and once more when resolved.

        An open doubt is not forgotten.
        """
        if (at_ms := _forgotten_at(verdict)) is not None:
            heappush(self._horizons, (at_ms, identity))

    def due(self, now_ms: int, position: int, committed: int, known: Mapping[str, KnownCommand]) -> list[str]:
        """Give identities that may be forgotten now, at most `MOST_AT_ONCE`; they are not given again.

        `now_ms` is by the brokers' clock. `position` is behind every record that was ever delivered, to this owner or,
        before `Confirmed.end`, to others; `committed` is the offset that is known to be stored. `known` is what the
        owner knows: who gives an identity up has to drop it there before anything else happens, and only then may store
        its tombstone, or a new command of that identity would be taken for a repeat, or lose its own record.
        """
        while self._horizons and self._horizons[0][0] <= now_ms:
            at_ms, identity = heappop(self._horizons)
            self._passed.append((position, at_ms, identity))
        due: dict[str, None] = {}
        while self._passed and self._passed[0][0] <= committed and len(due) < MOST_AT_ONCE:
            _, at_ms, identity = self._passed.popleft()
            verdict = known.get(identity)
            # Else the identity is a later command's by now, whose own verdict comes or has come.
            if isinstance(verdict, Verdict) and _forgotten_at(verdict) == at_ms:
                due[identity] = None
        return list(due)


def _forgotten_at(verdict: Verdict) -> int | None:
    at_ms = verdict_forgotten_at(verdict)
    return None if at_ms is None else at_ms + LATE_MS
