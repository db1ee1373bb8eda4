"""A day of calls as it unfolds: a queue of moments in simulated time. Pure: the caller says up to when.

The same streams give the same day however it is cut into pieces, as long as nobody dials in between.
"""

import heapq
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import count
from random import Random
from typing import Literal, assert_never

from bridge.simulator import webhook_bodies
from bridge.simulator.books import Books
from bridge.simulator.calls import Call, Kind, kind_of, plan_call
from bridge.simulator.directory import Contact, Directory
from bridge.simulator.facts import Fact
from bridge.simulator.numbers import stranger
from bridge.simulator.rows import CallRow, RecordingRow, VoicemailRow
from bridge.simulator.seeds import IdSequence
from bridge.simulator.steps import Arrival, Deletion, Dialled, FollowUp, Moment, Step

# All above 2^31, in the order of size that published samples show.
_FIRST_CALL, _FIRST_RECORDING, _FIRST_VOICEMAIL = 150_818_921_852, 181_118_926_553, 171_118_926_552
_LOST_AFTER = 1.0  # simulated seconds from the end of a missed call to its entry among the lost callers
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
    """One account's calls.

    `begin` is the epoch second at which the day begins, `gap` the mean of simulated seconds between two new calls.
    `misnames` is asked once for each call that ends whether its row shall name another contact than its webhooks did.
    """

    def __init__(
        self,
        calls: Random,
        ids: Random,
        directory: Directory,
        books: Books,
        *,
        begin: int,
        gap: float,
        misnames: Callable[[], bool],
    ) -> None:
        self.begin = begin
        self._misnames = misnames
        self._rng = calls
        self._directory = directory
        self._books = books
        self._gap = gap
        self._call_ids = IdSequence(_FIRST_CALL, ids)
        self._recording_ids = IdSequence(_FIRST_RECORDING, ids)
        self._voicemail_ids = IdSequence(_FIRST_VOICEMAIL, ids)
        self._order = count()
        self._queue: list[tuple[float, int, Step]] = []
        self.started_calls = 0

    @property
    def next_at(self) -> float | None:
        """Return when something happens next, in simulated seconds; None when nothing will."""
        return self._queue[0][0] if self._queue else None

    def open(self, at: float) -> None:
        """Let new calls come from now on."""
        self._push(at + self._rng.expovariate(1 / self._gap), Arrival())

    def close(self, *, finish: bool) -> tuple[float, list[Fact]]:
        """Let no new call come; end those in flight at once, or drop them.

        Returns the simulated second of the last of them (0.0 without any) and what there is to tell. What would have
        followed later (a deletion, a call back) does not happen any more.
        """
        facts: list[Fact] = []
        last = 0.0
        while self._queue:
            at, _, step = heapq.heappop(self._queue)
            if finish and isinstance(step, Dialled | Moment):
                last = at
                facts += self._happen(step, at)
        return last, facts

    def advance(self, until: float) -> list[Fact]:
        """Let happen what is due up to `until`, and return what the vendor tells of it, in order."""
        facts: list[Fact] = []
        while self._queue and self._queue[0][0] <= until:
            at, _, step = heapq.heappop(self._queue)
            facts += self._happen(step, at)
        return facts

    def dial(self, contact: Contact, destination: str, at: float) -> int:
        """Have a call made after a moment, and return the id that it will have."""
        call_id = self._call_ids.next()
        self._push(at + self._rng.uniform(*_DIALLED_AFTER), Dialled(call_id, contact, destination))
        return call_id

    def insert(
        self, kind: Literal[Kind.UNANSWERED, Kind.OUTGOING, Kind.VOICEMAIL], at: float, *, recorded: bool = False
    ) -> None:
        """Have a call that is over by `at`, and all that comes of it, happen with the next `advance`."""
        call = self._plan(0.0, kind, self._rng.choice(self._directory.staff), stranger(self._rng))
        earlier = at - (call.ended + call.voicemail_length + _SETTLED)
        past = replace(
            call,
            started=earlier,
            connected=None if call.connected is None else call.connected + earlier,
            ended=call.ended + earlier,
            recording_id=self._recording_ids.next() if recorded else None,
        )
        self._start(past)

    def _push(self, at: float, step: Step) -> None:
        heapq.heappush(self._queue, (at, next(self._order), step))

    def _happen(self, step: Step, at: float) -> Sequence[Fact]:
        match step:
            case Arrival():
                self.open(at)
                self._start(
                    self._plan(at, kind_of(self._rng), self._rng.choice(self._directory.staff), stranger(self._rng))
                )
            case FollowUp(contact, caller, back):
                reached = self._rng.random() < _REACHED
                kinds = (Kind.UNANSWERED, Kind.OUTGOING) if back else (Kind.MISSED, Kind.ANSWERED)
                self._start(self._plan(at, kinds[reached], contact, caller))
            case Dialled(call_id, contact, destination):
                kind = Kind.OUTGOING if self._rng.random() < _PICKED_UP else Kind.UNANSWERED
                self._start(self._plan(at, kind, contact, destination, call_id))
            case Deletion(voicemail_id):
                row = self._books.voicemails.take(voicemail_id)
                return [] if row is None else [webhook_bodies.voicemail_deleted(row, at)]
            case Moment():
                return self._go_on(step, at)
            case _:
                assert_never(step)
        return ()

    def _plan(self, at: float, kind: Kind, contact: Contact, other: str, call_id: int | None = None) -> Call:
        return plan_call(
            self._rng,
            at=at,
            kind=kind,
            contact=contact,
            other=other,
            colleagues=self._directory.staff,
            call_id=self._call_ids.next() if call_id is None else call_id,
            recording_id=self._recording_ids.next(),
        )

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
                self._books.finish_call(self._history(call))
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

    def _follow(self, call: Call) -> None:
        if call.recording_id is not None:
            self._push(call.ended + self._rng.uniform(*_RECORDED_AFTER), Moment("recorded", call))
        if call.kind is Kind.MISSED:
            self._push(call.ended + _LOST_AFTER, Moment("lost", call))
        if call.kind is Kind.VOICEMAIL:
            self._push(call.ended + call.voicemail_length + _STORED_AFTER, Moment("voicemail", call))

    def _reach(self, call: Call, at: float) -> list[Fact]:
        """Take a lost caller off the list when he is spoken to, whoever called whom."""
        caller, destination = (
            (call.destination, call.contact.number) if call.direction == "out" else (call.caller, call.destination)
        )
        if not self._books.find(caller, destination, self.begin + int(at)):
            return []
        return [webhook_bodies.lost_caller_removed(caller, destination, at)]

    def _record(self, call: Call, at: float) -> list[Fact]:
        if call.recording_id is None:
            return []
        listed = self._books.calls.get(call.call_id)
        history = replace(listed or self._history(call), recording_id=call.recording_id)
        if listed is not None:
            self._books.calls.put(call.call_id, history)
        row = RecordingRow(call.recording_id, history, f"https://pbx.example/files/recording-{call.recording_id}.mp3")
        self._books.add_recording(row)
        return [webhook_bodies.call_recorded(row, at)]

    def _lose(self, call: Call, at: float) -> list[Fact]:
        lost = self._books.lose(call.caller, call.destination, call.contact.name, self.begin + int(call.started))
        fate = self._rng.random()
        if fate < _AGAIN_SHARE + _BACK_SHARE:
            back = fate >= _AGAIN_SHARE
            self._push(at + self._rng.uniform(*_FOLLOW_UP_AFTER), FollowUp(call.contact, call.caller, back))
        return [webhook_bodies.lost_caller_told(lost, at)]

    def _leave_voicemail(self, call: Call, at: float) -> list[Fact]:
        mailboxes = self._directory.mailboxes
        box = mailboxes.get(call.contact.contact_id) or next(iter(mailboxes.values()))
        voicemail_id = self._voicemail_ids.next()
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
        self._books.add_voicemail(row)
        if self._rng.random() < _DELETED_SHARE:
            self._push(at + self._rng.uniform(*_DELETED_AFTER), Deletion(voicemail_id))
        return [webhook_bodies.voicemail_created(row, at)]

    def _history(self, call: Call) -> CallRow:
        contact = call.contact_after(len(call.transfers))
        if self._misnames():
            contact = next(other for other in self._directory.staff if other is not contact)
        return CallRow(
            call_id=call.call_id,
            caller=call.caller,
            destination=call.destination,
            direction=call.direction,
            status=webhook_bodies.STATUS,
            started=self.begin + int(call.started),
            connected=None if call.connected is None else self.begin + int(call.connected),
            ended=self.begin + int(call.ended),
            connection_time=call.talked(call.ended),
            contact_id=contact.contact_id,
        )
