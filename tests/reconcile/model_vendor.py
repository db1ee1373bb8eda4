"""A vendor's day as a plan: calls, what comes of them, what becomes of their webhooks, and its lists at any moment."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import NamedTuple

import orjson

from bridge.pbx.requests import Collection, Filters, ListItems, ListLostCalls, Request
from bridge.pbx.responses import Rows

FIRST_ID = 150_818_921_000
CALLER, DESTINATION = "22222222", "23333333"


class Fate(NamedTuple):
    """What becomes of the webhook of something: `late_s` after it happened, so many times; 0 = it never comes."""

    times: int = 1
    late_s: float = 1.0


ON_TIME = Fate()


@dataclass(frozen=True)
class Call:
    """A call, by seconds from the beginning of the plan. Its row shows `listed_late_s` after its end."""

    started_s: float
    length_s: float
    fate: Fate = ON_TIME
    listed_late_s: float = 0.0
    other_contact: bool = False
    recording: Fate | None = None
    voicemail: Fate | None = None
    voicemail_deleted_s: float | None = None

    @property
    def ended_s(self) -> float:
        return self.started_s + self.length_s


class Webhook(NamedTuple):
    """A webhook as it comes in."""

    at_s: float
    event: str
    data: dict[str, object]


@dataclass
class ModelVendor:
    """The lists over a plan. `begin_ms` is the plan's beginning, epoch ms, by the vendor's clock."""

    begin_ms: int
    calls: Sequence[Call]
    lost_callers: list[dict[str, object]] = field(default_factory=list)
    largest_page: int = 500

    def __post_init__(self) -> None:
        self._numbered = list(enumerate(sorted(self.calls, key=lambda call: call.started_s), FIRST_ID))

    @property
    def numbered(self) -> Sequence[tuple[int, Call]]:
        """The calls with their ids."""
        return self._numbered

    def webhooks(self) -> list[Webhook]:
        """Give all that will ever come, in order."""
        told: list[Webhook] = []
        for id_, call in self._numbered:
            told += self._tell(call.fate, call.ended_s, "CallCompleted", self._call(id_, call, webhook=True))
            if call.recording:
                told += self._tell(call.recording, call.ended_s, "CallRecorded", self._recording(id_, call))
            if call.voicemail:
                told += self._tell(call.voicemail, call.ended_s, "VoicemailCreated", self._voicemail(id_, call))
        return sorted(told, key=lambda one: one.at_s)

    def answer(self, request: Request, at_s: float) -> Rows:
        """Answer a request for a list."""
        if isinstance(request, ListLostCalls):
            rows = list(self.lost_callers)
        else:
            assert isinstance(request, ListItems)
            rows = [row for started_s, row in self._rows(request.collection, at_s) if self._fits(started_s, request)]
        offset = request.offset or 0
        page = rows[offset : offset + min(request.limit or 100, self.largest_page)]
        return Rows(tuple(page), orjson.dumps({"data": page})) if page else Rows((), b"")

    def _fits(self, started_s: float, request: ListItems) -> bool:
        filters: Filters = request.filters
        started = datetime.fromtimestamp(int(self.begin_ms / 1000 + started_s), UTC)
        after = filters.date_from is None or started >= filters.date_from
        return after and (filters.date_to is None or started <= filters.date_to)

    def _rows(self, collection: Collection, at_s: float) -> Iterator[tuple[float, dict[str, object]]]:
        for id_, call in reversed(self._numbered):
            if at_s < call.ended_s + call.listed_late_s:
                continue
            if collection is Collection.CALL_HISTORY:
                yield call.started_s, self._call(id_, call, webhook=False)
            elif collection is Collection.CALL_RECORDS and call.recording:
                yield call.started_s, self._recording(id_, call)
            elif collection is Collection.VOICEMAILS and call.voicemail:
                deleted_s = call.voicemail_deleted_s
                if deleted_s is None or at_s < call.ended_s + deleted_s:
                    yield call.started_s, self._voicemail(id_, call)

    def _tell(self, fate: Fate, at_s: float, event: str, data: dict[str, object]) -> Iterator[Webhook]:
        for number in range(fate.times):
            yield Webhook(at_s + fate.late_s + number, event, data)

    def _call(self, id_: int, call: Call, *, webhook: bool) -> dict[str, object]:
        row: dict[str, object] = {
            "callID": id_,
            "caller": CALLER,
            "destination": DESTINATION,
            "callStarted": self.stamp(call.started_s),
            "connectionTime": int(call.length_s),
            "contactID": 224 + (call.other_contact and webhook),
        }
        return row if webhook else {**row, "callEnded": self.stamp(call.ended_s)}

    def _recording(self, id_: int, call: Call) -> dict[str, object]:
        times = {"callStarted": self.stamp(call.started_s), "callEnded": self.stamp(call.ended_s)}
        return {"recordingID": id_ + 1_000_000, "callID": id_, **times}

    def _voicemail(self, id_: int, call: Call) -> dict[str, object]:
        begun = self.stamp(call.started_s)
        return {"sender": CALLER, "voicemailID": id_ + 2_000_000, "length": int(call.length_s), "callStarted": begun}

    def stamp(self, at_s: float) -> str:
        """Write a moment as the vendor does."""
        return datetime.fromtimestamp(int(self.begin_ms / 1000 + at_s), UTC).strftime("%Y-%m-%dT%H:%M:%S+0000")
