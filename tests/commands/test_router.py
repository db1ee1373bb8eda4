"""The router's ways on a real broker: what is handed on, what comes again, and when it is ready."""

import asyncio
import socket
from typing import Any

import orjson
import pytest
from aiokafka.consumer import fetcher

from bridge.commands import append_time, handing_on
from bridge.commands import router as router_module
from bridge.commands.work_records import read_work
from bridge.events.records import Record
from bridge.kafka.client_options import ClientOptions
from bridge.kafka.command_consumer import CommandConsumer
from bridge.kafka.local import LocalKafka
from bridge.kafka.producer_errors import NotAcknowledged
from bridge.kafka.topic_timestamps import SETTING, timestamp_type
from tests.commands.installation import Installation, data_of, dial_headers, until
from tests.commands.raw_produce import raw_batch, raw_record
from tests.commands.records import ATTRIBUTES, DIAL


@pytest.mark.asyncio
async def test_commands_of_both_modes_become_work_for_their_connection(kafka: LocalKafka) -> None:
    """The record as it came, behind where it stood and when it was appended; its key is the connection."""
    async with Installation.on(kafka.bootstrap) as installation:
        router = installation.router()
        offset = await installation.dial("b", partition=1, connection="north")
        structured = {**ATTRIBUTES, "id": "s", "data": DIAL}
        await installation.send([("x", b"y")], orjson.dumps(structured))
        await until(lambda: len(installation.work) == 2)
        by_key = {work.key: work for work in installation.work}
        command, record = read_work(by_key[b"north"].headers, by_key[b"north"].value)
        assert (record.topic, record.partition, record.offset) == (installation.commands, 1, offset)
        assert record.appended_ms == command.accepted_ms > 1_700_000_000_000  # the broker's time, not the client's
        assert read_work(by_key[b"acme"].headers, by_key[b"acme"].value).command.id == "s"
        await until(lambda: router.counts.routed.total() == 2)
        assert router.counts.routed == {("dial", "binary"): 1, ("dial", "structured"): 1}
        assert not router.counts.refused


@pytest.mark.asyncio
async def test_what_is_no_command_is_copied_and_answered(kafka: LocalKafka) -> None:
    """The copy holds the record, the answer the reason."""
    async with Installation.on(kafka.bootstrap) as installation:
        router = installation.router()
        offset = await installation.send([*dial_headers("c-9"), ("ce_correlationid", b"k-1")], b"{}")
        await until(lambda: installation.results)
        (copy,), (result,) = installation.quarantine, installation.results
        assert (copy.value, copy.named["reason"], copy.named["original_ce_id"]) == (b"{}", b"invalid_fields", b"c-9")
        assert copy.named["topic"] == installation.commands.encode()
        assert (copy.named["partition"], copy.named["offset"]) == (b"0", str(offset).encode())
        assert (result.key, result.named["ce_correlationid"]) == (b"c-9", b"k-1")
        assert (data_of(result)["status"], data_of(result)["finished_time"]) == ("invalid", "2023-11-14T22:13:20.000Z")
        await until(lambda: router.counts.refused == {"invalid_fields": 1})
        assert not installation.work


@pytest.mark.asyncio
async def test_commands_of_a_connection_keep_their_order(kafka: LocalKafka) -> None:
    """Those of one partition, through several batches and among others."""
    async with Installation.on(kafka.bootstrap) as installation:
        ids = [f"c-{number}" for number in range(1_200)]
        headers = [[(name.encode(), sent) for name, sent in dial_headers(id_)] for id_ in ids]
        for start in range(0, len(ids), 400):
            records = [raw_record(orjson.dumps(DIAL), headers[start + index], index=index) for index in range(400)]
            await installation.send_raw(raw_batch(*records))
            await installation.dial(f"other-{start}", partition=1, connection="north")
        installation.router()
        await installation.routed(*ids)
        assert [id_ for id_ in installation.routed_ids if id_ in set(ids)] == ids


@pytest.mark.asyncio
async def test_nothing_of_a_failed_fetch_is_lost(kafka: LocalKafka, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the library cannot read in one partition takes what it has read of the other one with it."""
    monkeypatch.setattr(fetcher.random, "shuffle", list.sort)  # so that the good partition is read first
    async with Installation.on(kafka.bootstrap) as installation:
        ids = [f"c-{number}" for number in range(20)]
        for id_ in ids:
            await installation.dial(id_, partition=0)
        await installation.send_raw(raw_batch(raw_record(b"{}", [(b"\xff", b"")])), partition=1)
        router = installation.router()
        await installation.routed(*ids)
        await until(lambda: router.counts.refused.total() == 1)
        assert router.problem() is None


@pytest.mark.asyncio
async def test_nothing_is_committed_that_is_not_published(kafka: LocalKafka, monkeypatch: pytest.MonkeyPatch) -> None:
    """The record is tried again until Kafka has it, and the router says so meanwhile."""
    monkeypatch.setattr(handing_on, "FIRST_WAIT_S", 0.01)
    monkeypatch.setattr(handing_on, "LONGEST_WAIT_S", 0.01)
    async with Installation.on(kafka.bootstrap) as installation:
        tries, away = 0, True

        async def publish(record: Record) -> None:
            nonlocal tries
            tries += 1
            if away and record.key == b"acme":
                raise NotAcknowledged("deadline")
            await installation.publish(record)

        await installation.dial("other", connection="north")
        await installation.dial("first")
        router = installation.router(publish)
        await until(lambda: tries > 20)
        assert installation.routed_ids == ["other"]
        assert router.problem() == f"not published: {installation.prefix}.internal.work (deadline)"
        assert await installation.committed() == {0: None, 1: None}
        away = False
        await installation.routed("first")
        await until(lambda: router.problem() is None)
        await router.stop()
        assert (await installation.committed())[0] == 2
        assert router.counts.retried["deadline"] >= 20


@pytest.mark.asyncio
async def test_a_batch_that_was_not_finished_comes_again(kafka: LocalKafka) -> None:
    """A router that stops in the middle leaves all of the batch to the next one, and what is after it, too."""
    async with Installation.on(kafka.bootstrap) as installation:

        async def publish(record: Record) -> None:
            if dict(record.headers)["ce_id"] == b"stuck":
                raise NotAcknowledged("connection")
            await installation.publish(record)

        await installation.dial("first")
        await installation.dial("stuck")
        router = installation.router(publish)
        await until(router.counts.retried.total)
        await installation.dial("behind")
        began = asyncio.get_running_loop().time()
        await router.stop()
        assert asyncio.get_running_loop().time() - began < 3
        assert await installation.committed() == {0: None, 1: None}
        installation.router()
        await installation.routed("behind")
        assert installation.routed_ids == ["first", "first", "stuck", "behind"]


@pytest.mark.asyncio
async def test_what_is_under_way_at_a_stop_is_finished(kafka: LocalKafka) -> None:
    """It is committed, and does not come again."""
    async with Installation.on(kafka.bootstrap) as installation:
        under_way, released = asyncio.Event(), asyncio.Event()

        async def publish(record: Record) -> None:
            under_way.set()
            await released.wait()
            await installation.publish(record)

        await installation.dial("first")
        router = installation.router(publish)
        await under_way.wait()
        stop = asyncio.create_task(router.stop())
        await asyncio.sleep(0)
        released.set()
        await stop
        assert installation.routed_ids == ["first"]
        assert (await installation.committed())[0] == 1


@pytest.mark.asyncio
async def test_a_failure_of_our_own_passes_nothing(kafka: LocalKafka) -> None:
    """Whatever is raised in the middle of a batch, the batch comes again."""
    async with Installation.on(kafka.bootstrap) as installation:
        failures = 2

        async def publish(record: Record) -> None:
            nonlocal failures
            if failures:
                failures -= 1
                raise ZeroDivisionError
            await installation.publish(record)

        await installation.dial("first")
        router = installation.router(publish)
        await installation.routed("first")
        assert failures == 0
        assert router.counts.connections == 3
        await installation.dial("second")
        await installation.routed("second")


@pytest.mark.asyncio
async def test_a_stand_by_is_ready_and_takes_over(kafka: LocalKafka) -> None:
    """More routers than partitions: one has nothing to do until another one goes."""
    async with Installation.on(kafka.bootstrap) as installation:
        routers = [installation.router() for _ in range(3)]
        await until(lambda: all(router.problem() is None for router in routers))
        await asyncio.gather(*(router.stop() for router in routers[:2]))
        await installation.dial("first", partition=0)
        await installation.dial("second", partition=1)
        await installation.routed("first", "second")


@pytest.mark.asyncio
async def test_without_kafka_the_router_says_so_and_can_be_stopped(kafka: LocalKafka) -> None:
    """It begins at once, tries for ever, and ends within seconds."""
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        async with Installation.on(kafka.bootstrap) as installation:
            router = installation.router(bootstrap=f"127.0.0.1:{nobody.getsockname()[1]}")
            await until(lambda: "cannot be read" in (router.problem() or ""))
            began = asyncio.get_running_loop().time()
            await router.stop()
            assert asyncio.get_running_loop().time() - began < 2


@pytest.mark.asyncio
async def test_a_missing_topic_is_waited_for(kafka: LocalKafka, monkeypatch: pytest.MonkeyPatch) -> None:
    """No consumer asks for it before, as some clusters would make one then: with other settings than ours."""
    monkeypatch.setattr(append_time, "UNKNOWN_LOOK_S", 0.05)
    looks = 0

    async def look(options: ClientOptions, topic: str) -> str | None:
        nonlocal looks
        looks += 1
        return await timestamp_type(options, topic)

    consumers = 0

    def consumer(*arguments: Any) -> CommandConsumer:
        nonlocal consumers
        consumers += 1
        return CommandConsumer(*arguments)

    monkeypatch.setattr(router_module, "timestamp_type", look)
    monkeypatch.setattr(router_module, "CommandConsumer", consumer)
    async with Installation.on(kafka.bootstrap) as installation:
        installation.prefix, commands = f"{installation.prefix}x", f"{installation.prefix}x.commands.v1"
        router = installation.router()
        await until(lambda: looks > 5)
        assert router.problem() == f"{commands} does not exist: bridge topics apply creates it."
        assert consumers == 0
        await installation.create(commands, settings={SETTING: "LogAppendTime"})
        await until(lambda: router.problem() is None)
        assert consumers == 1


@pytest.mark.asyncio
async def test_commands_without_an_append_time_wait_and_are_refused_in_the_end(
    kafka: LocalKafka, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They have no deadline: while the setting is wrong somebody can be told, once it is right they are in the way."""
    monkeypatch.setattr(append_time, "WRONG_LOOK_S", 0.05)
    async with Installation.on(kafka.bootstrap) as installation:
        router = installation.router()
        await installation.dial("before")
        await installation.routed("before")
        await installation.stamp_with("CreateTime")
        offset = await installation.dial("untimed")
        await until(lambda: router.problem() is not None)
        await installation.dial("behind")
        assert router.problem() == (
            f"{installation.commands} has message.timestamp.type=CreateTime, so that its commands have no deadline: "
            "it must be LogAppendTime, bridge topics apply corrects it."
        )
        assert (await installation.committed())[0] == offset
        await installation.stamp_with("LogAppendTime")
        await installation.dial("after")
        await installation.routed("after")
        assert installation.routed_ids == ["before", "after"]
        await until(lambda: len(installation.results) == 2)
        assert [(result.key, data_of(result)["code"]) for result in installation.results] == [
            (b"untimed", "invalid_fields"),
            (b"behind", "invalid_fields"),
        ]
        assert "send the command again" in data_of(installation.results[0])["message"]
        assert installation.quarantine[0].named["receivedtime"] == b"2023-11-14T22:13:20.000Z"
        assert router.problem() is None
