"""From the simulator's lists to the topics of a real Kafka: a day without any webhook, and one that is not repeated."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from uuid import uuid4

import orjson
import pytest
from aiokafka import AIOKafkaProducer

from bridge.calls.connection_options import ConnectionOptions
from bridge.calls.journal_format import Remembered
from bridge.calls.ownership import Ownership
from bridge.calls.quota import Quota
from bridge.calls.shard_owner import OwnedShard, Premises, Settle
from bridge.calls.vendor import ConnectionVendor
from bridge.events.catalogue import EventName
from bridge.events.ids import subject
from bridge.events.topics import event_topic, quarantine_topic
from bridge.ingress.intake import Intake
from bridge.kafka.client_options import ClientOptions
from bridge.kafka.journal_producer import JournalOptions
from bridge.kafka.local import LocalKafka
from bridge.kafka.reader import ReadRecord, TopicReader
from bridge.kafka.shard_journal import KafkaJournal
from bridge.kafka.topic_admin import TopicAdmin
from bridge.kafka.topic_table import TopicKind, TopicOptions, wanted_topics
from bridge.ops.metrics import Metrics
from bridge.ops.settings import ConnectionSettings
from bridge.pbx.client import Account, VendorClient
from bridge.pbx.item_events import ItemEvents
from bridge.pbx.numbers import e164_reader
from bridge.reconcile.event_tail import FOLLOWED, kafka_tail
from bridge.reconcile.gap_closers import GapClosers
from bridge.reconcile.published_reader import PublishedReader
from bridge.simulator import AccountOptions, Simulator, SimulatorOptions
from tests.calls.test_shard_owner import ONE, Membership, Tenant
from tests.reconcile.scene import Deaf

KEY = "key"
KINDS: tuple[TopicKind, ...] = ("events", "commands", "results", "quarantine", "admin")
WITHIN_S = 30.0
READER = e164_reader(None)


async def create_topics(options: ClientOptions, prefix: str) -> tuple[str, ...]:
    published = (*(event_topic(prefix, event) for event in FOLLOWED), quarantine_topic(prefix))
    topics = TopicOptions(
        prefix=prefix,
        replication_factor=1,
        partitions=dict.fromkeys(KINDS, 1),
        retention_ms=dict.fromkeys(KINDS, 86_400_000),
        shards=1,
        max_record_bytes=300_000,
    )
    names = {*published, f"{prefix}.internal.journal"}
    async with TopicAdmin.connect(options) as admin:
        await admin.create(topic for topic in wanted_topics(topics) if topic.name in names)
    return published


def premises(
    options: ClientOptions, prefix: str, published: tuple[str, ...], vendor: ConnectionVendor, settle: Settle
) -> Premises:
    nobody = Deaf()
    return Premises(
        journal=KafkaJournal(lambda: JournalOptions(options, prefix, published, 300_000)),
        vendor=vendor,
        publisher=nobody,
        settle=settle,
        connections_of=lambda _: {"acme": ConnectionOptions(Quota(calls=1_000), 100, 30_000, 60_000, READER)},
        worker="w",
        monotonic=time.monotonic,
        jitter=float,
        watch=nobody,
    )


async def read_all(options: ClientOptions, prefix: str) -> list[ReadRecord]:
    async with TopicReader(options) as reader:
        await reader.follow([event_topic(prefix, event) for event in FOLLOWED], 0)
        return [record async for record in reader.until_now()]


def of(records: list[ReadRecord], prefix: str, event: EventName) -> Counter[str]:
    topic = event_topic(prefix, event)
    return Counter(dict(one.headers)["ce_subject"].decode() for one in records if one.topic == topic)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(WITHIN_S):
        while not condition():  # noqa: ASYNC110 - the simulator tells nobody
            await asyncio.sleep(0.05)


@pytest.mark.asyncio
async def test_a_day_without_webhooks_is_in_the_topics(kafka: LocalKafka) -> None:
    """All finished calls, recordings, voicemails and lost callers, once; what came by itself is not repeated."""
    options, prefix = ClientOptions(kafka.bootstrap), f"t{uuid4().hex[:12]}"
    published = await create_topics(options, prefix)
    simulator = Simulator(
        SimulatorOptions(seed=7, speed=120, calls_per_second=20, port=0, keys={KEY: AccountOptions(limit=10_000)})
    )
    await simulator.start()
    client = VendorClient()
    metrics = Metrics()
    vendor = ConnectionVendor(client, {"acme": Account(simulator.base_url, KEY.encode)}, metrics)
    reader = PublishedReader(kafka_tail(lambda: options, prefix), Deaf())
    settings = {"base_url": simulator.base_url, "reconcile": {"interval": "1s", "grace": "1s"}}
    closers = GapClosers(
        {"acme": ConnectionSettings.model_validate(settings)},
        timedelta(days=1),
        lambda name: ItemEvents(
            name, to_e164=READER, topic_prefix=prefix, public_url=None, randomness=bytes, most_bytes=200_000
        ),
        reader,
        metrics,
    )
    reader.start()

    def settle(owned: OwnedShard, remembered: Remembered, *_: object) -> Tenant:
        closers.begin(owned, remembered)
        return Tenant([], owned)

    ownership = Ownership(premises(options, prefix, published, vendor, settle))
    ownership.start(Membership())
    ownership.assigned(ONE)
    try:
        await until(lambda: ownership.problem() is None)
        await simulator.play(1.5)
        account = simulator.accounts[KEY]
        told = next(iter(account.ledger.calls.newest_first()))
        intake = Intake("acme", to_e164=READER, topic_prefix=prefix, public_url=None, randomness=bytes)
        body = orjson.dumps({"eventType": "CallCompleted", "data": {"callID": told.call_id, "contactID": 1}})
        record = intake.take(body, 1_700_000_000_000, "CallCompleted.1").record
        async with AIOKafkaProducer(bootstrap_servers=kafka.bootstrap) as producer:
            await producer.send_and_wait(record.topic, record.value, record.key, headers=record.headers)
        ledger, lost = account.ledger, list(account.books.lost_callers(0))
        assert ledger.finished_calls > 20
        assert lost
        assert ledger.made_recordings

        def count(event: EventName) -> float:
            labels = {"connection": "acme", "event": event.value, "origin": "reconcile"}
            return metrics.registry.get_sample_value("bridge_events_published_total", labels) or 0.0

        await until(lambda: count(EventName.CALL_RECORDED) >= ledger.made_recordings)
        await until(lambda: count(EventName.CALL_COMPLETED) >= ledger.finished_calls - 1)
        await until(lambda: count(EventName.LOST_CALLER_ADDED) >= len(lost))
        await asyncio.sleep(1)
    finally:
        await ownership.revoked(ONE)
        await ownership.stop()
        await reader.stop()
        await client.close()
        await simulator.stop()
    records = await read_all(options, prefix)
    completed = of(records, prefix, EventName.CALL_COMPLETED)
    assert completed == Counter(f"call/{row.call_id}" for row in ledger.calls.newest_first())
    recorded = of(records, prefix, EventName.CALL_RECORDED)
    assert recorded == Counter(f"recording/{row.recording_id}" for row in ledger.recordings.newest_first())
    listed = {f"voicemail/{one.voicemail_id}" for one in account.books.voicemails.newest_first()}
    assert listed <= of(records, prefix, EventName.VOICEMAIL_CREATED).keys()
    announced = of(records, prefix, EventName.LOST_CALLER_ADDED)
    assert {subject("lost-caller", (one.caller_id, one.destination)) for one in lost} <= announced.keys()
