"""Where a call comes from decides what its chances and ids are drawn from. Pure.

The calls of the day draw from the seed alone, so that they stay the same however many others somebody starts.
"""

from random import Random
from typing import Literal, get_args

from bridge.simulator.seeds import IdSequence, stream

# The day itself; a request to dial; the control interface, which wants a row.
Source = Literal["day", "dialled", "inserted"]

Counted = Literal["call", "recording", "voicemail"]

# All above 2^31, in the order of size that published samples show.
_FIRST: dict[Counted, int] = {"call": 150_818_921_852, "recording": 181_118_926_553, "voicemail": 171_118_926_552}
# Ids between two of the day's: more dials than a quota of 100 a minute lets through between two calls.
_ROOM = 1000


class Sources:
    """One account's streams and ids; `account` is its place among the simulator's keys."""

    def __init__(self, seed: int, account: str) -> None:
        self._streams = {source: stream(seed, account, "calls", source) for source in get_args(Source)}
        ids = stream(seed, account, "ids")
        self._ids = {what: IdSequence(first, ids, room=_ROOM) for what, first in _FIRST.items()}

    def rng(self, source: Source) -> Random:
        return self._streams[source]

    def new_id(self, what: Counted, source: Source) -> int:
        """Return an id that no other call, recording or voicemail of the account has."""
        return self._ids[what].next() if source == "day" else self._ids[what].beside()
