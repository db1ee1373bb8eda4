"""What is to be done about the open doubts of one shard, from moment to moment. Pure, but it changes in place.

A doubt waits for a call in the events, which mostly comes within seconds. The vendor's history is asked twice: early,
since a connection may have no webhooks at all, and before the doubt has to end, since webhooks get lost. One answer
serves all doubts of a connection, and those that follow one another soon; so a vendor in trouble, who makes doubts of
all dials, is asked three or four times a minute. What no call explains by then is `not_observed`.

A doubt may be old already when this process learns of it, after a take-over. It gets some seconds for what the events
of its time and the history say. All times are epoch milliseconds by the brokers' clock.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import NamedTuple

from bridge.calls.dial_states import KnownCommand, Resolution
from bridge.calls.doubts import NEEDED_BEFORE_MS, WITHIN_MS, dialled_ms, explain
from bridge.calls.journal_values import Verdict
from bridge.commands.observed_calls import ObservedCalls
from bridge.pbx.numbers import ToE164

EARLY_ASK_AFTER_MS = 30_000
# After the dial: a call in the events has come by then. A call that has ended is in the history, so many are not yet.
DUE_AFTER_MS = 270_000
# Leaves half a minute of the contract's five to ask the history and to publish.
ENDED_AFTER_MS = 290_000
# Without an answer of the history. The rest is for storing the end, and for a take-over in between.
SLOT_WITHIN_MS = 10_000
# Of a question. Its answer may take as long again, and the doubt that it is for ends after that.
ASK_GAP_MS = 15_000
# Between two questions of one connection, whatever its doubts want.
SETTLING_MS = 5_000
# Until the events of an old doubt's time have been read.
LATE_ENDED_AFTER_MS = 25_000
# As `ENDED_AFTER_MS`, for what was old when it was seen first: counted from then.
ENDED_AT_ONCE = 500
# Of a shard, at one look: they wait in one transaction, and commands should not wait for more.
_SERVES_EARLY_MS = 10_000
_SERVES_LATE_MS = 240_000
# How long after a dial a question that somebody else's doubt has led to serves this one, too.
_HISTORY_UNTIL_MS = 3_600_000
# Beyond the last dial's window: the vendor may date a call by its end.


class Ask(NamedTuple):
    """The calls of a connection that started from `since_ms` to `until_ms` are wanted; a slot for it until `by_ms`."""

    connection: str
    since_ms: int
    until_ms: int
    by_ms: int


class Look(NamedTuple):
    """What is to be done now. `needed` says from when on calls have to be known, for each connection with doubts."""

    needed: Mapping[str, int]
    asks: tuple[Ask, ...]
    ends: tuple[tuple[str, Resolution], ...]


class _Asked(NamedTuple):
    """The last question of a connection. `answered` is None as long as that is not known."""

    ask: Ask
    at_ms: int
    answered: bool | None = None

    def serves(self, dialled: int, after_ms: int) -> bool:
        """Tell whether it was asked late enough for a dial, and about its time."""
        covered = self.ask.since_ms <= dialled - NEEDED_BEFORE_MS and dialled + WITHIN_MS <= self.ask.until_ms
        return covered and self.at_ms >= dialled + after_ms


class _Doubt(NamedTuple):
    dialled_ms: int
    seen_ms: int

    @property
    def due_ms(self) -> int:
        return max(self.dialled_ms + DUE_AFTER_MS, self.seen_ms)

    def wants_history(self, asked: _Asked | None, now_ms: int) -> bool:
        if now_ms >= self.due_ms:
            # Once more after a question without an answer, but not for ever.
            return asked is None or not (self.told_by(asked) or asked.at_ms >= self.due_ms)
        early = now_ms >= self.dialled_ms + EARLY_ASK_AFTER_MS
        return early and (asked is None or not asked.serves(self.dialled_ms, _SERVES_EARLY_MS))

    def told_by(self, asked: _Asked) -> bool:
        """Tell whether the history has said all that it will be asked for."""
        return asked.answered is True and asked.serves(self.dialled_ms, _SERVES_LATE_MS)

    def over(self, asked: _Asked | None, now_ms: int) -> bool:
        """Tell whether a doubt that no call explains ends now."""
        if now_ms >= max(self.dialled_ms + ENDED_AFTER_MS, self.seen_ms + LATE_ENDED_AFTER_MS):
            return True
        settled = now_ms >= max(self.due_ms, self.seen_ms + SETTLING_MS)
        return settled and asked is not None and self.told_by(asked)


class OpenDoubts:
    """Looks at the doubts of one shard. `number_reader` gives what reads the numbers of a connection."""

    def __init__(self, number_reader: Callable[[str], ToE164]) -> None:
        self._number_reader = number_reader
        self._seen_ms: dict[str, int] = {}
        self._ending: dict[str, Resolution] = {}
        self._asked: dict[str, _Asked] = {}

    def look(
        self, known: Mapping[str, KnownCommand], doubts: Mapping[str, Verdict], calls: ObservedCalls, now_ms: int
    ) -> Look:
        """Decide. `known` are the shard's commands, `doubts` the open ones among them, `calls` all that was observed.

        What is in `asks` counts as asked with this; `answer` has to follow for each. What is in `ends` is not looked at
        any more, whether or not it has been stored, and the call that ends it explains nothing else.
        """
        self._ending = {identity: end for identity, end in self._ending.items() if identity in doubts}
        by_connection: defaultdict[str, dict[str, Verdict]] = defaultdict(dict)
        for identity, doubt in doubts.items():
            if identity not in self._ending:
                by_connection[doubt.connection][identity] = doubt
        self._seen_ms = {
            identity: self._seen_ms.get(identity, now_ms) for theirs in by_connection.values() for identity in theirs
        }
        self._asked = {connection: asked for connection, asked in self._asked.items() if connection in by_connection}
        asks: list[Ask] = []
        ends: list[tuple[str, Resolution]] = []
        for connection, theirs in by_connection.items():
            explained = self._explain(connection, known, doubts, theirs, calls)
            ends += [(identity, Resolution("call_observed", call_id)) for identity, call_id in explained.items()]
            left = {
                identity: _Doubt(dialled_ms(doubt), self._seen_ms[identity])
                for identity, doubt in theirs.items()
                if identity not in explained
            }
            asked = self._asked.get(connection)
            over = {identity for identity, doubt in left.items() if doubt.over(asked, now_ms)}
            ends += [(identity, Resolution("not_observed")) for identity in left if identity in over]
            waiting = [doubt for identity, doubt in left.items() if identity not in over]
            if (ask := _ask(connection, waiting, asked, now_ms)) is not None:
                self._asked[connection] = _Asked(ask, now_ms)
                asks.append(ask)
        del ends[ENDED_AT_ONCE:]
        self._ending.update(ends)
        needed = {
            connection: min(map(dialled_ms, theirs.values())) - NEEDED_BEFORE_MS
            for connection, theirs in by_connection.items()
        }
        return Look(needed, tuple(asks), tuple(ends))

    def answer(self, ask: Ask, *, answered: bool) -> None:
        """Note that the history has answered, and that its calls are known now; or that there was no answer."""
        asked = self._asked.get(ask.connection)
        if asked is not None and asked.ask == ask:
            self._asked[ask.connection] = asked._replace(answered=answered)

    def _explain(
        self,
        connection: str,
        known: Mapping[str, KnownCommand],
        doubts: Mapping[str, Verdict],
        theirs: Mapping[str, Verdict],
        calls: ObservedCalls,
    ) -> dict[str, int]:
        ending = {end.call_id for identity, end in self._ending.items() if doubts[identity].connection == connection}
        free = [call for call in calls.of(connection) if call.call_id not in ending]
        return explain(known, theirs, free, self._number_reader(connection))


def _ask(connection: str, doubts: list[_Doubt], asked: _Asked | None, now_ms: int) -> Ask | None:
    if asked is not None and (asked.answered is None or now_ms < asked.at_ms + ASK_GAP_MS):
        return None
    if not any(doubt.wants_history(asked, now_ms) for doubt in doubts):
        return None
    since_ms = min(doubt.dialled_ms for doubt in doubts) - NEEDED_BEFORE_MS
    until_ms = max(doubt.dialled_ms for doubt in doubts) + WITHIN_MS + _HISTORY_UNTIL_MS
    return Ask(connection, since_ms, until_ms, now_ms + SLOT_WITHIN_MS)
