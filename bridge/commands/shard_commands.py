"""The commands of an owned shard: each record of its work becomes one task, and ends with a result, or as a repeat."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from math import inf

import structlog

from bridge.calls.dial_states import Resolution
from bridge.calls.dialing import carry_out, resolve
from bridge.calls.forgetting import Forgetting
from bridge.calls.journal_format import forget, put
from bridge.calls.journal_keys import CommandKey
from bridge.calls.journal_values import Verdict
from bridge.calls.means import Handover
from bridge.calls.orders import Order
from bridge.calls.owned_commands import OwnedCommands
from bridge.calls.progress import Progress
from bridge.calls.shard_owner import NewerRelease, OwnedShard
from bridge.commands.call_history import calls_of_history
from bridge.commands.command import unknown_connection
from bridge.commands.deadlines import deadline_ms
from bridge.commands.doubt_watch import Answer, DoubtWatch
from bridge.commands.open_doubts import Ask
from bridge.commands.result_records import ResultRecords
from bridge.commands.vendor_requests import vendor_request
from bridge.commands.work_records import NewerWork, NotWork, Work, read_work
from bridge.events.command_catalogue import COMMAND_TYPES, CommandName
from bridge.kafka.group_member import FetchedRecord
from bridge.ops.metrics import Metrics

log = structlog.get_logger(__name__)

UNKNOWN_FOR_MS = 15_000
# The contract's: a roll-out that makes the connection known may be under way.
MOST_UNKNOWN = 1_000
# Commands of a shard that wait for such a roll-out; what is more is refused at once, and holds nobody up.
MOST_CONCLUDING = 1_000
# Commands beyond those that may wait for a slot: they wait for the journal. More are not read while there are as many.
FORGET_EVERY_S = 60.0
# Horizons are hours.
UNKNOWN = "(unknown)"
# The label of all connections that are not configured: anybody who may send commands could make up names.


class ShardCommands:
    """Serves a shard (`shard_owner.Tenant`) from its take-over to its end. `new_id` gives ULIDs."""

    def __init__(
        self,
        owned: OwnedShard,
        commands: Mapping[str, Verdict],
        results: ResultRecords,
        doubts: DoubtWatch,
        metrics: Metrics,
        new_id: Callable[[], str],
    ) -> None:
        self.owned = owned
        self.ended = False
        self.commands = OwnedCommands(dict(commands), Progress(owned.confirmed.offset))
        self._results = results
        self._metrics = metrics
        self._new_id = new_id
        self._unknown = 0
        self._resolving: set[str] = set()
        self._most_open = MOST_CONCLUDING + sum(2 * options.max_queued for options in owned.connections.values())
        self._held = False
        self._committed = owned.confirmed.offset
        # Behind every record that has ever been delivered, to this owner or to one before it.
        self._position = owned.confirmed.end
        self._forgetting = Forgetting()
        for identity, verdict in commands.items():
            self._forgetting.add(identity, verdict)
        owned.tasks.background(self._forget())
        self._doubts = doubts
        doubts.add(self)

    @property
    def committable(self) -> int:
        """The offset before which all work is finished."""
        return self.commands.progress.committable

    def committed(self, offset: int) -> None:
        """Learn that an offset was stored."""
        self._committed = offset

    def deliver(self, records: Sequence[FetchedRecord]) -> None:
        """Take records of the shard's work, in order; returns at once."""
        for record in records:
            self._position = max(self._position, record.offset + 1)
            try:
                work = read_work(record.headers, record.value)
            except NotWork as error:
                log.warning("a record of the internal topic is none of ours", shard=self.owned.shard, found=str(error))
                self._drop(record.offset, "not_work")
            except NewerWork as error:
                self.owned.tasks.fail(NewerRelease(str(error)))
                return
            else:
                self._receive(record.offset, work)
        if not self._held and len(self.owned.tasks) > self._most_open:
            self._held = True
            self.owned.hold()

    def end(self) -> None:
        """Let go of everything that outlives the shard's tasks."""
        self.ended = True
        self._doubts.remove(self)

    def now_ms(self) -> int:
        """Give the present moment by the brokers' clock."""
        return self.owned.clock.epoch_ms(self.owned.clock.now())

    def ask_history(self, ask: Ask, answer: Answer) -> None:
        """Begin to ask the vendor about calls; a connection that is not configured any more has no answer."""
        self.owned.tasks.work(self._ask_history(ask, answer))

    def end_doubt(self, identity: str, resolution: Resolution) -> None:
        """Begin to say how a doubt ended; another word about it while that is being stored changes nothing."""
        if identity not in self._resolving and identity in self.commands.doubts:
            self._resolving.add(identity)
            self.owned.tasks.work(self._resolve(identity, resolution))

    def _receive(self, offset: int, work: Work) -> None:
        command = work.command
        options = self.owned.connections.get(command.connection)
        request = vendor_request(command.data)
        if options is None:
            self._receive_unknown(offset, work, Order(command.reference, request, inf))
            return
        ttl_ms = options.dial_ttl_ms if command.name is CommandName.DIAL else options.query_ttl_ms
        order = Order(command.reference, request, self.owned.clock.earliest(deadline_ms(command, ttl_ms)))
        if self.commands.receive(offset, order):
            self.owned.tasks.work(self._carry_out(offset, order))
        else:
            self._metrics.counter("bridge_commands_dropped_total", ("repeat",)).inc()

    def _receive_unknown(self, offset: int, work: Work, order: Order) -> None:
        if not self.commands.receive(offset, order):
            self._metrics.counter("bridge_commands_dropped_total", ("repeat",)).inc()
            return
        until = self.owned.clock.earliest(work.command.accepted_ms + UNKNOWN_FOR_MS)
        waits = until > self.owned.clock.now() and self._unknown < MOST_UNKNOWN
        self._unknown += waits
        self.owned.tasks.work(self._refuse(offset, work, order, until if waits else None))

    async def _carry_out(self, offset: int, order: Order) -> None:
        verdict = await carry_out(order, self.owned.means)
        self._conclude(offset, order, verdict, order.reference.connection)

    async def _refuse(self, offset: int, work: Work, order: Order, until: float | None) -> None:
        """Answer `invalid` once the connection has not become known: a roll-out would have ended this process."""
        if until is not None:
            await self._wait(until)
            self._unknown -= 1
        reference = order.reference
        refusal = unknown_connection(work.command, work.record)
        invalid = self._results.invalid(refusal, self.now_ms())
        assert invalid is not None
        # Remembered, or a later owner that knows the connection would carry out what was answered with `invalid`.
        verdict = Verdict(reference.connection, order.dial, "invalid", reference.accepted_ms)
        copy = self._results.quarantined(refusal, self._new_id())
        await self.owned.means.writer.append((put(CommandKey(order.identity), verdict),), (copy, invalid))
        self._metrics.counter("bridge_quarantined_total", (UNKNOWN, "command", refusal.reason)).inc()
        self._conclude(offset, order, verdict, UNKNOWN)

    async def _wait(self, until: float) -> None:
        """Wait until a moment; Handover, as nobody has to wait for this before the shard can be another's."""
        with suppress(TimeoutError):
            async with asyncio.timeout(until - self.owned.clock.now()):
                await self.owned.slots.closed.wait()
            raise Handover

    def _conclude(self, offset: int, order: Order, verdict: Verdict, connection: str) -> None:
        self.commands.conclude(offset, order.identity, verdict)
        self._forgetting.add(order.identity, verdict)
        command = COMMAND_TYPES[order.reference.type]
        self._metrics.counter("bridge_commands_finished_total", (connection, command, verdict.status)).inc()
        if order.dial:
            log.info("a dial has ended", connection=connection, status=verdict.status)
        if self._held:
            # Later, since those that end together with this one count until they have ended.
            asyncio.get_running_loop().call_soon(self._proceed)

    def _proceed(self) -> None:
        if self._held and len(self.owned.tasks) < self._most_open // 2:
            self._held = False
            self.owned.proceed()

    async def _resolve(self, identity: str, resolution: Resolution) -> None:
        doubt = self.commands.doubts[identity]
        verdict = await resolve(identity, doubt, resolution, self.owned.means)
        self._resolving.discard(identity)
        self.commands.resolve(identity, verdict)
        self._forgetting.add(identity, verdict)
        self._metrics.counter("bridge_doubts_resolved_total", (verdict.connection, resolution.outcome)).inc()
        log.info("a dial in doubt is resolved", connection=verdict.connection, outcome=resolution.outcome)

    async def _ask_history(self, ask: Ask, answer: Answer) -> None:
        configured = ask.connection in self.owned.connections
        deadline = self.owned.clock.earliest(ask.by_ms)
        answer(await calls_of_history(ask, deadline, self.owned.means) if configured else None)

    def _drop(self, offset: int, reason: str) -> None:
        self.commands.progress.take(offset)
        self.commands.progress.finish(offset)
        self._metrics.counter("bridge_commands_dropped_total", (reason,)).inc()

    async def _forget(self) -> None:
        while True:
            await asyncio.sleep(FORGET_EVERY_S)
            while due := self._forgetting.due(self.now_ms(), self._position, self._committed, self.commands.known):
                # First in memory: a new command with such an identity may come while this is being stored.
                for identity in due:
                    self.commands.forget(identity)
                await self.owned.means.writer.append([forget(CommandKey(identity)) for identity in due])
