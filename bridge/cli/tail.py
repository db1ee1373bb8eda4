"""`bridge tail`: follow what lands on the topics."""

import asyncio
from collections.abc import Collection
from datetime import timedelta
from typing import Annotated

import typer

from bridge.app import KafkaAccess
from bridge.cli.durations import parse_duration
from bridge.cli.event_line import event_line
from bridge.cli.settings_option import AsJson, ConfigFile, fail, kafka_away, read_settings, topics_unknown
from bridge.events.catalogue import EventName
from bridge.events.cloudevents import NotACloudEvent, ReceivedEvent, read_event
from bridge.events.topics import event_topic, results_topic
from bridge.kafka.reader import KafkaUnreachable, TopicReader, TopicUnknown
from bridge.ops.clock import epoch_ms
from bridge.ops.settings import Role, Settings

RESULTS = "results"


def tail(
    events: Annotated[
        list[str] | None, typer.Argument(metavar="[EVENT]...", help="Such as call.started, or results; else all.")
    ] = None,
    connection: Annotated[str | None, typer.Option(help="Only this connection's.")] = None,
    since: Annotated[
        timedelta | None, typer.Option(parser=parse_duration, metavar="DURATION", help="Begin so long ago: 10m.")
    ] = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Follow events and results as they land, until Ctrl-C. In lines for people telephone numbers are masked.

    Example: bridge tail call.completed --connection acme --since 10m --json
    """
    settings = read_settings(config, Role.TOOL)
    topics = _topics(settings.topics.prefix, events or [*EventName, RESULTS])
    since_ms = None if since is None else max(0, epoch_ms() - since // timedelta(milliseconds=1))
    try:
        asyncio.run(_follow(settings, topics, since_ms, connection=connection, as_json=as_json))
    except KeyboardInterrupt:
        return
    except KafkaUnreachable as error:
        fail(kafka_away(settings, error), 1)
    except TopicUnknown:
        fail(topics_unknown(*topics), 1)


def _topics(prefix: str, names: Collection[str]) -> list[str]:
    known = {name.value: event_topic(prefix, name) for name in EventName} | {RESULTS: results_topic(prefix)}
    unknown = [name for name in names if name not in known]
    if unknown:
        fail(f"there is no event {', '.join(unknown)}; there are: {', '.join(known)}", 2)
    return [known[name] for name in names]


async def _follow(
    settings: Settings, topics: Collection[str], since_ms: int | None, *, connection: str | None, as_json: bool
) -> None:
    async with TopicReader(KafkaAccess(settings.kafka).options()) as reader:
        await reader.follow(topics, since_ms)
        async for record in reader.records():
            try:
                event = read_event(record.headers, record.value)
            except NotACloudEvent as error:
                typer.echo(f"{record.topic}/{record.partition}@{record.offset}: no event: {error}", err=True)
                continue
            if connection is None or event.attributes.get("connection") == connection:
                _print(event, as_json=as_json)


def _print(event: ReceivedEvent, *, as_json: bool) -> None:
    typer.echo(event.structured().decode() if as_json else event_line(event))
