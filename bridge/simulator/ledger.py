"""What has really happened in one account, whatever the API shows of it: the judge's truth. Pure.

No fault and no deleted row reaches it. Counters are exact for ever; of each kind at least the newest `kept` stay.
"""

from dataclasses import dataclass, replace

from bridge.simulator.rows import CallRow, LostCaller, RecordingRow, VoicemailRow
from bridge.simulator.shelf import Shelf


@dataclass(frozen=True, slots=True)
class LeftVoicemail:
    """A voicemail; `deleted` is the epoch second at which its owner deleted it, None = it is still there."""

    row: VoicemailRow
    deleted: int | None = None


@dataclass(frozen=True, slots=True)
class LostSpell:
    """One time on the list of lost callers, as last told.

    `removed` is the epoch second at which the caller was reached, None = not yet, or he left the list without a word.
    """

    row: LostCaller
    removed: int | None = None


class Ledger:
    """Calls, recordings and voicemails by their ids, lost callers by the order in which they were added."""

    def __init__(self, kept: int) -> None:
        self.calls: Shelf[CallRow] = Shelf(kept)
        self.recordings: Shelf[RecordingRow] = Shelf(kept)
        self.voicemails: Shelf[LeftVoicemail] = Shelf(kept)
        self.lost_callers: Shelf[LostSpell] = Shelf(kept)
        self.finished_calls = 0
        self.made_recordings = 0
        self.left_voicemails = 0
        self.deleted_voicemails = 0
        self.lost = 0
        self.reached = 0

    def finish_call(self, row: CallRow) -> None:
        self.calls.put(row.call_id, row)
        self.finished_calls += 1

    def add_recording(self, row: RecordingRow) -> None:
        """Note the recording, and its id in the row of its call."""
        self.recordings.put(row.recording_id, row)
        if self.calls.get(row.call.call_id) is not None:
            self.calls.put(row.call.call_id, row.call)
        self.made_recordings += 1

    def add_voicemail(self, row: VoicemailRow) -> None:
        self.voicemails.put(row.voicemail_id, LeftVoicemail(row))
        self.left_voicemails += 1

    def delete_voicemail(self, row: VoicemailRow, at: int) -> None:
        self.voicemails.put(row.voicemail_id, LeftVoicemail(row, at))
        self.deleted_voicemails += 1

    def lose(self, spell: int, row: LostCaller, *, new: bool) -> None:
        """Note what was told of a lost caller; `spell` is the number of his time on the list."""
        self.lost_callers.put(spell, LostSpell(row))
        self.lost += new

    def reach(self, spell: int, at: int) -> None:
        """Note that a lost caller was spoken to."""
        lost = self.lost_callers.get(spell)
        if lost is not None:
            self.lost_callers.put(spell, replace(lost, removed=at))
        self.reached += 1
