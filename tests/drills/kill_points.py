"""The points on a command's way at which a drill lets a process die, or freeze.

The product knows nothing of them: `POINTS` wrap its functions, in the processes that a drill starts and nowhere else.
The points are those of the design's table of crashes:

    k0  the router has read the command             k5  the last look is done, and no byte of the POST has left
    k1  ... and produced it, but not committed      k6  the POST has left, and no answer has come
    k2  it waits for a slot                         k7  the answer is read, and the outcome not stored
    k3  the intent's transaction before its commit  k8  the outcome is stored, and the offset not committed
    k4  ... committed, and nobody has seen that     k9  the next owner has fenced, and not said `in_doubt` yet
                                                    k9-stored  ... and has just said it
"""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

from bridge.calls import dial_states, dialing
from bridge.events.records import Record
from bridge.kafka.journal_producer import JournalProducer
from bridge.kafka.journal_records import Append
from bridge.kafka.publisher import Publisher
from bridge.pbx.client.calls import VendorClient
from bridge.pbx.requests import Dial, Request
from bridge.pbx.responses import Exchange

AT, DO, OF, MARK = "DRILL_AT", "DRILL_DO", "DRILL_OF", "DRILL_MARK"
ON_ITS_WAY_S = 0.5
# From the first byte to k6: the simulator has carried the dial out by then, and answers later.
WAITS_S = 1.5
# At k2, for longer than it takes until offsets are committed: whoever commits what waits loses it.


@dataclass(frozen=True)
class Trigger:
    """What happens to the first process that comes to the point `at` with the command `of`.

    `of` is the dialled number, which is the command's id as well. The first process makes the file `mark` with its
    number in it; all others that were told the same pass by.
    """

    at: str
    number: signal.Signals
    of: str
    mark: Path

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> Self | None:
        """Read the environment; None where it names no point."""
        if AT not in environ:
            return None
        number = {"kill": signal.SIGKILL, "stop": signal.SIGSTOP}[environ[DO]]
        return cls(environ[AT], number, environ[OF], Path(environ[MARK]))

    def strike(self) -> None:
        """Die or freeze here and now, unless another process already has."""
        own = self.mark.with_suffix(f".{os.getpid()}")
        own.write_text(str(os.getpid()))
        try:
            os.link(own, self.mark)
        except FileExistsError:
            return
        os.kill(os.getpid(), self.number)


def _put(owner: object, name: str, struck: object) -> None:
    setattr(owner, name, struck)


def _at_the_router(trigger: Trigger) -> None:
    publish = Publisher.publish

    async def struck(self: Publisher, record: Record) -> None:
        victim = record.topic.endswith(".internal.work") and trigger.of.encode() in record.value
        if victim and trigger.at == "k0":
            trigger.strike()
        await publish(self, record)
        if victim:
            trigger.strike()

    _put(Publisher, "publish", struck)


def _in_the_queue(trigger: Trigger) -> None:
    carry_out = dialing.carry_out

    class Struck:
        """The slots, with a point in them."""

        def __init__(self, slots: Any) -> None:
            self._slots = slots

        async def take(self, *wanted: Any) -> Any:
            await asyncio.sleep(WAITS_S)
            trigger.strike()
            return await self._slots.take(*wanted)

        def __getattr__(self, name: str) -> Any:
            return getattr(self._slots, name)

    async def struck(order: Any, means: Any) -> Any:
        if order.reference.id == trigger.of:
            means = replace(means, slots=Struck(means.slots))
        return await carry_out(order, means)

    _put(dialing, "carry_out", struck)


def _round_a_commit(
    trigger: Trigger, concerned: Callable[[Append], bool], *, before: bool = False
) -> Callable[[JournalProducer, Sequence[Append]], Awaitable[Sequence[int]]]:
    store = JournalProducer.store

    async def struck(self: JournalProducer, appends: Sequence[Append]) -> Sequence[int]:
        if not any(map(concerned, appends)):
            return await store(self, appends)
        producer = self._producer
        commit = producer.commit_transaction

        async def commit_and_strike() -> None:
            if before:
                trigger.strike()
            await commit()
            trigger.strike()

        producer.commit_transaction = commit_and_strike
        try:
            return await store(self, appends)
        finally:
            producer.commit_transaction = commit

    return struck


def _at_the_intent(trigger: Trigger) -> None:
    def is_intent(append: Append) -> bool:
        return not append.publications and _is_about(append, trigger.of)

    _put(JournalProducer, "store", _round_a_commit(trigger, is_intent, before=trigger.at == "k3"))


def _behind_the_outcome(trigger: Trigger) -> None:
    def is_outcome(append: Append) -> bool:
        return bool(append.publications) and _is_about(append, trigger.of)

    _put(JournalProducer, "store", _round_a_commit(trigger, is_outcome))


def _is_about(append: Append, number: str) -> bool:
    return any(key.startswith(b"command/") and number.encode() in (value or b"") for key, value in append.records)


def _at_the_vendor(trigger: Trigger) -> None:
    call = VendorClient.call

    async def struck(self: VendorClient, account: Any, request: Request, *rest: Any, **options: Any) -> Exchange:
        if not (isinstance(request, Dial) and request.destination == trigger.of):
            return await call(self, account, request, *rest, **options)
        told: Callable[[float], None] | None = options.pop("on_departure", None)

        def departs(now: float) -> None:
            if told is not None:
                told(now)
            if trigger.at == "k5":
                trigger.strike()
            if trigger.at == "k6":
                asyncio.get_running_loop().call_later(ON_ITS_WAY_S, trigger.strike)

        exchange = await call(self, account, request, *rest, **options, on_departure=departs)
        if trigger.at == "k7":
            trigger.strike()
        return exchange

    _put(VendorClient, "call", struck)


def _in_the_take_over(trigger: Trigger) -> None:
    take_over = dial_states.take_over

    def struck(commands: Mapping[Any, Any], *rest: Any) -> dial_states.TakeOver:
        if _numbers(commands.values()) & {trigger.of}:
            trigger.strike()
        return take_over(commands, *rest)

    _put(dial_states, "take_over", struck)


def _numbers(kept: Iterable[Any]) -> set[str]:
    return {str(getattr(one.value, "destination", None)) for one in kept}


POINTS: Mapping[str, Callable[[Trigger], None]] = {
    "k0": _at_the_router,
    "k1": _at_the_router,
    "k2": _in_the_queue,
    "k3": _at_the_intent,
    "k4": _at_the_intent,
    "k5": _at_the_vendor,
    "k6": _at_the_vendor,
    "k7": _at_the_vendor,
    "k8": _behind_the_outcome,
    "k9": _in_the_take_over,
    "k9-stored": _behind_the_outcome,
}
