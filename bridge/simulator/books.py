"""What one account's API shows beside its directory: calls, recordings, voicemails, lost callers. Pure."""

from bisect import bisect_left, insort
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from bridge.simulator.rows import CallRow, LostCaller, RecordingRow, VoicemailRow
from bridge.simulator.shelf import Shelf

# How long a lost caller whom nobody reached stays listed: the vendor says "within the same day".
_LOST_FOR = 86_400

_Pair = tuple[str, str]


class _Place(NamedTuple):
    """Where a lost caller stands in the list: by his last contact, of equal ones by who was noted last."""

    last_contact: int
    noted: int
    pair: _Pair


@dataclass(frozen=True, slots=True)
class Lost:
    """A lost caller and the number of his time on the list, which rises."""

    row: LostCaller
    spell: int


class Books:
    """The account's lists, `kept` rows each. Faults may change what they show."""

    def __init__(self, kept: int) -> None:
        self.calls: Shelf[CallRow] = Shelf(kept)
        self.recordings: Shelf[RecordingRow] = Shelf(kept)
        self.voicemails: Shelf[VoicemailRow] = Shelf(kept)
        self._lost: dict[_Pair, Lost] = {}
        self._places: dict[_Pair, _Place] = {}
        self._order: list[_Place] = []
        self._kept = kept
        self._noted = 0
        self._spells = 0

    def lose(self, caller: str, destination: str, contact_name: str, at: int, *, first: int = 1) -> tuple[Lost, bool]:
        """Count one more vain attempt of the caller, at epoch second `at`; True when he is new to the list.

        A new one has `first` attempts: some ring several times before the platform notes them.
        """
        before = self._take((caller, destination), at)
        if before is None:
            self._spells += 1
        spell, attempts = (self._spells, first) if before is None else (before.spell, before.row.attempts + 1)
        last = at if before is None else max(at, before.row.last_contact)
        lost = Lost(LostCaller(caller, destination, contact_name, attempts, last), spell)
        self._noted += 1
        place = _Place(last, self._noted, (caller, destination))
        self._lost[place.pair] = lost
        self._places[place.pair] = place
        insort(self._order, place)
        self._forget(at)
        return lost, before is None

    def find(self, caller: str, destination: str, at: int) -> Lost | None:
        """Take the pair off the list of lost callers; None when it was not on it."""
        return self._take((caller, destination), at)

    def lost_callers(self, now: float) -> Iterator[LostCaller]:
        """Yield who is lost at epoch second `now`, last contact first."""
        for place in reversed(self._order):
            if place.last_contact <= now - _LOST_FOR:
                return
            yield self._lost[place.pair].row

    def _take(self, pair: _Pair, at: int) -> Lost | None:
        place = self._places.pop(pair, None)
        if place is None:
            return None
        del self._order[bisect_left(self._order, place)]
        lost = self._lost.pop(pair)
        return lost if place.last_contact > at - _LOST_FOR else None

    def _forget(self, at: int) -> None:
        while len(self._order) > self._kept or self._order[0].last_contact <= at - _LOST_FOR:
            pair = self._order.pop(0).pair
            del self._lost[pair], self._places[pair]
