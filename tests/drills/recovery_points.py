"""Where the drill of the recovery lets a process die; as `kill_points`, whose trigger it uses.

registered      the vendor has answered a registration, and its id is not stored
poll-open       the items of a poll are produced with their cursor, and not committed
poll-committed  ... and committed, and nobody has seen that
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from bridge.kafka.journal_producer import JournalProducer
from bridge.kafka.journal_records import Append
from bridge.pbx.client.calls import VendorClient
from bridge.pbx.requests import RegisterWebhook, Request
from bridge.pbx.responses import Exchange
from tests.drills.kill_points import Trigger


def _behind_a_registration(trigger: Trigger) -> None:
    call = VendorClient.call

    async def struck(self: VendorClient, account: Any, request: Request, *rest: Any, **options: Any) -> Exchange:
        exchange = await call(self, account, request, *rest, **options)
        if isinstance(request, RegisterWebhook) and request.event == trigger.of:
            trigger.strike()
        return exchange

    _put(VendorClient, "call", struck)


def _round_the_items(trigger: Trigger) -> None:
    store = JournalProducer.store

    async def struck(self: JournalProducer, appends: Sequence[Append]) -> Sequence[int]:
        if not any(record.topic.endswith(trigger.of) for append in appends for record in append.publications):
            return await store(self, appends)
        producer = self._producer
        commit = producer.commit_transaction

        async def commit_and_strike() -> None:
            if trigger.at == "poll-open":
                trigger.strike()
            await commit()
            trigger.strike()

        producer.commit_transaction = commit_and_strike
        try:
            return await store(self, appends)
        finally:
            producer.commit_transaction = commit

    _put(JournalProducer, "store", struck)


def _put(owner: object, name: str, struck: object) -> None:
    setattr(owner, name, struck)


POINTS: Mapping[str, Callable[[Trigger], None]] = {
    "registered": _behind_a_registration,
    "poll-open": _round_the_items,
    "poll-committed": _round_the_items,
}
