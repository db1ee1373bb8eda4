"""What one account's lists hold beside its directory: calls, recordings, voicemails, lost callers. Pure."""

from collections.abc import Iterator

from bridge.simulator.rows import CallRow, LostCaller, RecordingRow, VoicemailRow
from bridge.simulator.shelf import Shelf

# How long a lost caller whom nobody reached stays listed: the vendor says "within the same day".
_LOST_FOR = 86_400


class Books:
    """The account's lists, and how much has ever happened.

    The counters are exact for ever; the lists keep `kept` rows each.
    """

    def __init__(self, kept: int) -> None:
        self.calls: Shelf[CallRow] = Shelf(kept)
        self.recordings: Shelf[RecordingRow] = Shelf(kept)
        self.voicemails: Shelf[VoicemailRow] = Shelf(kept)
        self.finished_calls = 0
        self.made_recordings = 0
        self.left_voicemails = 0
        self._lost: dict[tuple[str, str], LostCaller] = {}
        self._kept = kept

    def finish_call(self, row: CallRow) -> None:
        self.calls.put(row.call_id, row)
        self.finished_calls += 1

    def add_recording(self, row: RecordingRow) -> None:
        self.recordings.put(row.recording_id, row)
        self.made_recordings += 1

    def add_voicemail(self, row: VoicemailRow) -> None:
        self.voicemails.put(row.voicemail_id, row)
        self.left_voicemails += 1

    def lose(self, caller: str, destination: str, contact_name: str, at: int) -> LostCaller:
        """Count one more vain attempt of the caller; `attempts` 1 means that he is new to the list."""
        before = self._lost.pop((caller, destination), None)
        if before is not None and before.last_contact <= at - _LOST_FOR:
            before = None
        lost = LostCaller(caller, destination, contact_name, 1 if before is None else before.attempts + 1, at)
        self._lost[caller, destination] = lost
        self._forget(at)
        return lost

    def find(self, caller: str, destination: str, at: int) -> bool:
        """Take the pair off the list of lost callers; False when it was not on it."""
        lost = self._lost.pop((caller, destination), None)
        return lost is not None and lost.last_contact > at - _LOST_FOR

    def lost_callers(self, now: float) -> Iterator[LostCaller]:
        """Yield who is lost at epoch second `now`, last contact first."""
        for lost in reversed(self._lost.values()):
            if lost.last_contact > now - _LOST_FOR:
                yield lost

    def _forget(self, at: int) -> None:
        while self._lost:
            oldest = next(iter(self._lost))
            if len(self._lost) <= self._kept and self._lost[oldest].last_contact > at - _LOST_FOR:
                return
            del self._lost[oldest]
