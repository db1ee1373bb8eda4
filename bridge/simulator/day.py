"""A day of calls as it unfolds: a queue of moments in simulated time. Pure: the caller says up to when.

The same seed gives the same calls however the day is cut into pieces, and whatever is dialled or inserted in between.
"""

import heapq
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import count
from typing import Literal, assert_never

from bridge.simulator import webhook_bodies
from bridge.simulator.books import Books
from bridge.simulator.calls import Call, Kind, kind_of, plan_call
from bridge.simulator.directory import Contact, Directory
from bridge.simulator.facts import Fact
from bridge.simulator.ledger import Ledger
from bridge.simulator.numbers import stranger
from bridge.simulator.rows import RecordingRow, VoicemailRow, call_row
from bridge.simulator.sources import Source, Sources
from bridge.simulator.steps import Arrival, Deletion, Dialled, FollowUp, Moment, Step

_LOST_AFTER = 1.0  # simulated seconds from the end of a missed call to its entry among the lost callers
_SEVERAL_TIMES = (0.12, (2, 3))  # new lost callers who rang more often than once before they were noted
_RECORDED_AFTER = (1.0, 4.0)  # from the end of a call until its recording is a file
_STORED_AFTER = 2.0  # from the end of a voicemail until it is listed
_DELETED_SHARE, _DELETED_AFTER = 0.6, (60.0, 480.0)  # voicemails that are heard and deleted
_AGAIN_SHARE, _BACK_SHARE = 0.5, 0.35  # lost callers who call again, and who are called back
_FOLLOW_UP_AFTER = (40.0, 300.0)
_REACHED = 0.6  # of them who are reached then
_DIALLED_AFTER = (0.5, 2.0)  # from the request to the start of the call
_PICKED_UP = 0.8  # of the dialled
_SETTLED = 5.0  # from the end of a call, or of the voicemail left in it, until all has come of it


class Day:
    """One account's calls: what comes of them goes into the `ledger`, and into the `books` that the API shows.

    `begin` is the epoch second at which the day begins, `gap` the mean of simulated seconds between two new calls. All
    that takes time takes it `brevity` times shorter.
    `misnames` is asked once for each call that ends whether its row shall name another contact than its webhooks did.
    """

    def __init__(
        self,
        sources: Sources,
        directory: Directory,
        books: Books,
        ledger: Ledger,
        *,
        begin: int,
        gap: float,
        brevity: float,
        misnames: Callable[[], bool],
    ) -> None:
        self.begin = begin
        self._misnames = misnames
        self._sources = sources
        self._directory = directory
        self._books = books
        self._ledger = ledger
        self._gap = gap
        self._brevity = brevity
        self._order = count()
        self._queue: list[tuple[float, int, Step]] = []
        self.started_calls = 0

    @property
    def next_at(self) -> float | None:
        """Return when something happens next, in simulated seconds; None when nothing will."""
        return self._queue[0][0] if self._queue else None

    def open(self, at: float) -> None:
        """Let new calls come from now on."""
        self._push(at + self._sources.rng("day").expovariate(1 / self._gap), Arrival())

    def close(self, at: float, *, finish: bool) -> list[Fact]:
        """Let no new call come; end those in flight at once, or drop them, and return what there is to tell.

        What is due by `at` has happened before. A call that is ended has nothing later than `at` in it: it is as if
        all that was left of it took no time. What would have followed later (a deletion, a call back) does not happen.
        """
        facts: list[Fact] = []
        while self._queue:
            planned, _, step = heapq.heappop(self._queue)
            if finish and isinstance(step, Dialled | Moment):
                if isinstance(step, Moment):
                    step = replace(step, call=step.call.cut_at(at))
                facts += self._happen(step, min(planned, at))
        return facts

    def advance(self, until: float) -> list[Fact]:
        """Let happen what is due up to `until`, and return what the vendor tells of it, in order."""
        facts: list[Fact] = []
        while self._queue and self._queue[0][0] <= until:
            at, _, step = heapq.heappop(self._queue)
            facts += self._happen(step, at)
        return facts

    def dial(self, contact: Contact, destination: str, at: float) -> int:
        """Have a call made after a moment, and return the id that it will have."""
        call_id = self._sources.new_id("call", "dialled")
        after = self._sources.rng("dialled").uniform(*_DIALLED_AFTER)
        self._push(at + self._short(after), Dialled(call_id, contact, destination))
        return call_id

    def insert(
        self, kind: Literal[Kind.UNANSWERED, Kind.OUTGOING, Kind.VOICEMAIL], at: float, *, recorded: bool = False
    ) -> None:
        """Have a call that is over by `at`, and all that comes of it, happen with the next `advance`."""
        rng = self._sources.rng("inserted")
        call = self._plan("inserted", 0.0, kind, rng.choice(self._directory.staff), stranger(rng))
        earlier = at - (call.ended + self._short(call.voicemail_length + _SETTLED))
        past = replace(
            call,
            started=earlier,
            connected=None if call.connected is None else call.connected + earlier,
            ended=call.ended + earlier,
            recording_id=self._sources.new_id("recording", "inserted") if recorded else None,
        )
        self._start(past)

    def _push(self, at: float, step: Step) -> None:
        heapq.heappush(self._queue, (at, next(self._order), step))

    def _happen(self, step: Step, at: float) -> Sequence[Fact]:
        rng = self._sources.rng("day")
        match step:
            case Arrival():
                self.open(at)
                self._start(self._plan("day", at, kind_of(rng), rng.choice(self._directory.staff), stranger(rng)))
            case FollowUp(contact, caller, back):
                reached = rng.random() < _REACHED
                kinds = (Kind.UNANSWERED, Kind.OUTGOING) if back else (Kind.MISSED, Kind.ANSWERED)
                self._start(self._plan("day", at, kinds[reached], contact, caller))
            case Dialled(call_id, contact, destination):
                picked_up = self._sources.rng("dialled").random() < _PICKED_UP
                kind = Kind.OUTGOING if picked_up else Kind.UNANSWERED
                self._start(self._plan("dialled", at, kind, contact, destination, call_id))
            case Deletion(row):
                self._books.voicemails.take(row.voicemail_id)
                self._ledger.delete_voicemail(row, self.begin + int(at))
                return [webhook_bodies.voicemail_deleted(row, at)]
            case Moment():
                return self._go_on(step, at)
            case _:
                assert_never(step)
        return ()

    def _plan(
        self, source: Source, at: float, kind: Kind, contact: Contact, other: str, call_id: int | None = None
    ) -> Call:
        return plan_call(
            self._sources.rng(source),
            at=at,
            kind=kind,
            contact=contact,
            other=other,
            colleagues=self._directory.staff,
            call_id=self._sources.new_id("call", source) if call_id is None else call_id,
            recording_id=self._sources.new_id("recording", source),
            source=source,
            brevity=self._brevity,
        )

    def _short(self, seconds: float) -> float:
        return seconds / self._brevity

    def _start(self, call: Call) -> None:
        self.started_calls += 1
        self._push(call.started, Moment("started", call))
        if call.connected is not None:
            self._push(call.connected, Moment("connected", call))
        for index, transfer in enumerate(call.transfers):
            self._push(transfer.at, Moment("transferred", call, index))
        self._push(call.ended, Moment("completed", call))

    def _go_on(self, moment: Moment, at: float) -> list[Fact]:  # noqa: PLR0911 - one per kind of moment
        call = moment.call
        match moment.what:
            case "started":
                return [webhook_bodies.call_started(call, self.begin)]
            case "connected":
                return [webhook_bodies.call_connected(call, self.begin, at), *self._reach(call, at)]
            case "transferred":
                return [webhook_bodies.call_transferred(call, self.begin, moment.index)]
            case "completed":
                self._finish(call)
                self._follow(call)
                return [webhook_bodies.call_completed(call, self.begin)]
            case "recorded":
                return self._record(call, at)
            case "lost":
                return self._lose(call, at)
            case "voicemail":
                return self._leave_voicemail(call, at)
            case _:
                assert_never(moment.what)

    def _finish(self, call: Call) -> None:
        row = call_row(call, self.begin)
        self._ledger.finish_call(row)
        if self._misnames():
            other = next(other for other in self._directory.staff if other.contact_id != row.contact_id)
            row = replace(row, contact_id=other.contact_id)
        self._books.calls.put(row.call_id, row)

    def _follow(self, call: Call) -> None:
        if call.recording_id is not None:
            after = self._sources.rng(call.source).uniform(*_RECORDED_AFTER)
            self._push(call.ended + self._short(after), Moment("recorded", call))
        if call.kind is Kind.MISSED:
            self._push(call.ended + self._short(_LOST_AFTER), Moment("lost", call))
        if call.kind is Kind.VOICEMAIL:
            self._push(call.ended + self._short(call.voicemail_length + _STORED_AFTER), Moment("voicemail", call))

    def _reach(self, call: Call, at: float) -> list[Fact]:
        """Take a lost caller off the list when he is spoken to, whoever called whom."""
        caller, destination = (
            (call.destination, call.contact.number) if call.direction == "out" else (call.caller, call.destination)
        )
        now = self.begin + int(at)
        lost = self._books.find(caller, destination, now)
        if lost is None:
            return []
        self._ledger.reach(lost.spell, now)
        return [webhook_bodies.lost_caller_removed(caller, destination, at)]

    def _record(self, call: Call, at: float) -> list[Fact]:
        if call.recording_id is None:
            return []
        history = replace(call_row(call, self.begin), recording_id=call.recording_id)
        listed = self._books.calls.get(call.call_id)
        if listed is not None:
            shown = (
                history if listed.contact_id == history.contact_id else replace(listed, recording_id=call.recording_id)
            )
            self._books.calls.put(call.call_id, shown)
        row = RecordingRow(call.recording_id, history, f"https://pbx.example/files/recording-{call.recording_id}.mp3")
        self._books.recordings.put(row.recording_id, row)
        self._ledger.add_recording(row)
        return [webhook_bodies.call_recorded(row, at)]

    def _lose(self, call: Call, at: float) -> list[Fact]:
        rng = self._sources.rng(call.source)
        share, several = _SEVERAL_TIMES
        first = rng.choice(several) if rng.random() < share else 1
        last = self.begin + int(call.started)
        lost, new = self._books.lose(call.caller, call.destination, call.contact.name, last, first=first)
        self._ledger.lose(lost.spell, lost.row, new=new)
        fate = rng.random()
        if fate < _AGAIN_SHARE + _BACK_SHARE:
            back = fate >= _AGAIN_SHARE
            self._push(at + self._short(rng.uniform(*_FOLLOW_UP_AFTER)), FollowUp(call.contact, call.caller, back))
        return [webhook_bodies.lost_caller_told(lost.row, at, new=new)]

    def _leave_voicemail(self, call: Call, at: float) -> list[Fact]:
        mailboxes = self._directory.mailboxes
        box = mailboxes.get(call.contact.contact_id) or next(iter(mailboxes.values()))
        voicemail_id = self._sources.new_id("voicemail", call.source)
        row = VoicemailRow(
            voicemail_id,
            sender=call.caller,
            length=call.voicemail_length,
            started=self.begin + int(call.started),
            box_id=box.box_id,
            box_name=box.name,
            contact_id=call.contact.contact_id,
            url=f"https://pbx.example/files/voicemail-{voicemail_id}.mp3",
        )
        self._books.voicemails.put(voicemail_id, row)
        self._ledger.add_voicemail(row)
        rng = self._sources.rng(call.source)
        if rng.random() < _DELETED_SHARE:
            self._push(at + self._short(rng.uniform(*_DELETED_AFTER)), Deletion(row))
        return [webhook_bodies.voicemail_created(row, at)]
