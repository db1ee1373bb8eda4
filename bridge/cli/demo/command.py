"""The demo from its start to its table."""

import asyncio
import logging
import secrets
import signal
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Annotated, Any, TypeVar

import orjson
import typer

from bridge.app import KafkaAccess, Service, topic_options
from bridge.cli.demo.broker import Attendant
from bridge.cli.demo.dialling import dial_once
from bridge.cli.demo.tally import Books, DialSeen, Reading, dial_line, table, verdict
from bridge.cli.demo.vendor import API_KEY, CALLS_A_MINUTE, books_of, lose_webhooks, make_pbx, registered
from bridge.cli.durations import parse_duration
from bridge.cli.event_line import event_line
from bridge.cli.event_loop import run_loop
from bridge.cli.settings_option import AsJson, fail
from bridge.events.catalogue import WEBHOOK_EVENTS, EventName
from bridge.events.cloudevents import read_event
from bridge.events.topics import commands_topic, event_topic, results_topic
from bridge.kafka.local import NoLocalKafka, start_local_kafka
from bridge.kafka.local.ports import free_ports
from bridge.kafka.probe import apply_topics
from bridge.kafka.reader import TopicReader
from bridge.ops.logs import configure_logs
from bridge.ops.settings import Role, Settings, load_settings
from bridge.simulator import Simulator

CONNECTION = "acme"
WEBHOOK_SECRET = "the demo's secret, for nothing else"  # noqa: S105 - it guards a loopback port for a minute
PREFIX = "pbx-demo"
CALLS_PER_SECOND = 2.0
# Some seven lines a second: as fast as an eye can follow.
READY_WITHIN_S = 60.0
# Creating some 25 topics takes a laptop a few seconds, a busy one ten.
DRAIN_WITHIN_S = 90.0
# Until the last repeat of the last webhook, when Kafka was killed just before the end.
READ_WITHIN_S = 40.0
# A reader whose broker was killed needs some seconds to find it again, and what was lost some more to be recovered.

Result = TypeVar("Result")


class _Interrupted(Exception):
    """Ctrl-C, before there was anything to show."""


def demo(
    for_: Annotated[
        timedelta, typer.Option("--for", parser=parse_duration, metavar="DURATION", help="How long to play.")
    ] = "60s",  # type: ignore[assignment] # typer parses the default as it parses what is given
    calls_per_second: Annotated[
        float, typer.Option(min=0.1, max=200, help="New calls a second; a call sends some four webhooks.")
    ] = CALLS_PER_SECOND,
    outage: Annotated[
        timedelta | None,
        typer.Option(parser=parse_duration, metavar="DURATION", help="Kill Kafka -9 in the middle, for so long."),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Only the table, not each event.")] = False,
    as_json: AsJson = False,
) -> None:
    """Start a Kafka, a PBX simulator and the bridge, play calls, and show each event as it lands on its topic.

    One number is dialled by a command, and some webhooks are lost on purpose. Ends with a table of what happened, was
    answered and was recovered, and with the dial's result; exit 1 if anything is missing. KAFKA_BOOTSTRAP names a Kafka
    to use; else one is started in Docker, or with Java 17 and Maven.

    Example: bridge demo --for 20s --outage 5s
    """
    configure_logs(level=logging.WARNING)
    try:
        wrong = run_loop(_Demo(for_, calls_per_second, outage, quiet=quiet or as_json, as_json=as_json).play())
    except (_Interrupted, KeyboardInterrupt):
        fail("stopped before there was anything to show", 1)
    except NoLocalKafka as error:
        fail(str(error), 2)
    if wrong is not None:
        fail(wrong, 1)


class _Demo:
    def __init__(
        self, for_: timedelta, calls_per_second: float, outage: timedelta | None, *, quiet: bool, as_json: bool
    ) -> None:
        self._for_s = for_.total_seconds()
        self._calls_per_second = calls_per_second
        self._outage_s = None if outage is None else outage.total_seconds()
        self._quiet = quiet
        self._as_json = as_json
        self._interrupted = asyncio.Event()
        self._reading = Reading()

    async def play(self) -> str | None:
        """Play it all; return what is wrong at the end, None when nothing is missing."""
        asyncio.get_running_loop().add_signal_handler(signal.SIGINT, self._interrupted.set)
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, self._interrupted.set)
        async with AsyncExitStack() as stack:
            kafka = await self._unless_interrupted(start_local_kafka(self._say))
            stack.push_async_callback(kafka.stop)
            self._say(f"Kafka answers at {kafka.bootstrap}")
            pbx = make_pbx(self._calls_per_second)
            await pbx.start()
            stack.push_async_callback(pbx.stop)
            prefix = f"{PREFIX}-{secrets.token_hex(2)}"
            settings = _settings(kafka.bootstrap, pbx.base_url, prefix)
            plan = await self._unless_interrupted(
                apply_topics(KafkaAccess(settings.kafka).options(), topic_options(settings))
            )
            self._say(f"{len(plan.create)} topics created, {prefix}.call.started.v1 and its like")
            service = Service(settings, Role.ALL)
            # The demo has lines of its own for what happens to Kafka; the client library's would only repeat them.
            logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
            ports = await service.start()
            stack.push_async_callback(service.stop, unready_for=timedelta(0))
            await self._unless_interrupted(_until_ready(service))
            self._say(
                f"the bridge takes webhooks at http://127.0.0.1:{ports.ingress} and commands from "
                f"{commands_topic(prefix)}, metrics at :{ports.admin}/metrics"
            )
            await self._unless_interrupted(_until_registered(pbx))
            self._say(f"the bridge has registered {registered(pbx)} webhooks with the PBX")
            reader = await stack.enter_async_context(TopicReader(KafkaAccess(settings.kafka).options()))
            topics = [event_topic(prefix, event) for event in EventName]
            await reader.follow([*topics, results_topic(prefix)], None)
            _in_background(stack, self._read(reader))
            attendant = Attendant(kafka, self._say)
            _in_background(stack, attendant.watch())
            if self._outage_s is not None:
                _in_background(stack, attendant.outage(self._for_s / 3, self._outage_s))
            self._say(f"the PBX plays calls for {self._for_s:g} s, and loses some webhooks; Ctrl-C ends it")
            lose_webhooks(pbx)
            pbx.start_playing()
            dialling = asyncio.create_task(dial_once(settings, CONNECTION, pbx, API_KEY))
            stack.push_async_callback(_end, dialling)
            await self._play_calls(pbx)
            return await self._finish(pbx, await dialling)

    async def _play_calls(self, pbx: Simulator) -> None:
        try:
            async with asyncio.timeout(self._for_s):
                await self._interrupted.wait()
        except TimeoutError:
            self._say("the day is over: waiting for the last webhooks")
        await pbx.stop_playing(finish=True, drain=DRAIN_WITHIN_S)

    async def _finish(self, pbx: Simulator, dial: DialSeen) -> str | None:
        books = books_of(pbx)
        try:
            async with asyncio.timeout(READ_WITHIN_S):
                while not self._all_there(books, dial):  # noqa: ASYNC110 - the reader has no event for "all there"
                    await asyncio.sleep(0.1)
        except TimeoutError:
            pass  # the table shows what is missing
        rows = self._reading.rows(books)
        if self._as_json:
            told = {"events": [row._asdict() for row in rows], "polled": self._reading.polled(), "dial": dial._asdict()}
            typer.echo(orjson.dumps(told).decode())
        else:
            polled = f"polled: {self._reading.polled()} items of the PBX's lists"
            typer.echo("\n" + "\n".join([*table(rows), "", polled, dial_line(dial)]))
        return verdict(rows, books.undelivered, dial, call_seen=self._reading.holds_call(dial))

    def _all_there(self, books: Books, dial: DialSeen) -> bool:
        return self._reading.holds_call(dial) and not any(row.missing for row in self._reading.rows(books))

    async def _read(self, reader: TopicReader) -> None:
        async for record in reader.records():
            event = read_event(record.headers, record.value)
            self._reading.add(event)
            if not self._quiet:
                typer.echo(event_line(event))

    async def _unless_interrupted(self, work: Coroutine[object, object, Result]) -> Result:
        working = asyncio.ensure_future(work)
        interrupted = asyncio.ensure_future(self._interrupted.wait())
        await asyncio.wait({working, interrupted}, return_when=asyncio.FIRST_COMPLETED)
        interrupted.cancel()
        if not working.done():
            working.cancel()
            await asyncio.wait({working})
            raise _Interrupted
        return working.result()

    def _say(self, sentence: str) -> None:
        typer.echo(f"# {sentence}", err=self._as_json)


def _settings(bootstrap: str, base_url: str, prefix: str) -> Settings:
    (port,) = free_ports(1)
    return load_settings(
        None,
        {
            "BRIDGE_KAFKA__BOOTSTRAP_SERVERS": bootstrap,
            "BRIDGE_TOPICS__PREFIX": prefix,
            "BRIDGE_TOPICS__REPLICATION_FACTOR": "1",
            "BRIDGE_INGRESS__HOST": "127.0.0.1",
            "BRIDGE_INGRESS__PORT": str(port),
            "BRIDGE_INGRESS__PUBLIC_URL": f"http://127.0.0.1:{port}",
            "BRIDGE_ADMIN__HOST": "127.0.0.1",
            "BRIDGE_ADMIN__PORT": "0",
            "BRIDGE_CONNECTIONS__ACME__BASE_URL": base_url,
            "BRIDGE_CONNECTIONS__ACME__API_KEY": API_KEY,
            "BRIDGE_CONNECTIONS__ACME__WEBHOOK_SECRET": WEBHOOK_SECRET,
            "BRIDGE_CONNECTIONS__ACME__DEFAULT_REGION": "LT",
            "BRIDGE_CONNECTIONS__ACME__RATE_LIMIT__CALLS": str(CALLS_A_MINUTE),
            "BRIDGE_CONNECTIONS__ACME__POLLERS__DEFAULTS__INTERVAL": "5s",
            "BRIDGE_CONNECTIONS__ACME__RECONCILE__INTERVAL": "2s",
            "BRIDGE_CONNECTIONS__ACME__RECONCILE__GRACE": "2s",
        },
        Role.ALL,
    )


async def _until_ready(service: Service) -> None:
    async with asyncio.timeout(READY_WITHIN_S):
        while service.health.problems():  # noqa: ASYNC110 - readiness is looked at, as a probe does
            await asyncio.sleep(0.05)


async def _until_registered(pbx: Simulator) -> None:
    async with asyncio.timeout(READY_WITHIN_S):
        while registered(pbx) < len(WEBHOOK_EVENTS):  # noqa: ASYNC110 - the PBX tells nobody by itself
            await asyncio.sleep(0.05)


def _in_background(stack: AsyncExitStack, work: Coroutine[object, object, None]) -> None:
    stack.push_async_callback(_end, asyncio.ensure_future(work))


async def _end(task: asyncio.Future[Any]) -> None:
    task.cancel()
    await asyncio.wait({task})
