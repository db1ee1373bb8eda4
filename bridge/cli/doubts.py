"""`bridge doubts`: the dials of which nobody knows yet, or knew for a while, whether they reached the vendor."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated

import orjson
import typer

from bridge.app import KafkaAccess
from bridge.cli.doubt_table import Doubt, Gathering, table
from bridge.cli.durations import duration_text, parse_duration
from bridge.cli.progress import progress
from bridge.cli.settings_option import AsJson, ConfigFile, fail, kafka_away, read_settings, topics_unknown
from bridge.events.cloudevents import NotACloudEvent, read_event
from bridge.events.topics import results_topic
from bridge.kafka.reader import KafkaUnreachable, TopicReader, TopicUnknown
from bridge.ops.clock import epoch_ms
from bridge.ops.settings import Role, Settings


def doubts(
    connection: Annotated[str | None, typer.Option(metavar="NAME", help="Only this connection's.")] = None,
    since: Annotated[
        timedelta, typer.Option(parser=parse_duration, metavar="DURATION", help="Begin so long ago: 10m.")
    ] = "24h",  # type: ignore[assignment] # typer parses the default as it parses what is given
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """List the dials in doubt, and how they ended. A dial in doubt is never sent again by itself.

    Example: bridge doubts --connection acme --since 7d
    """
    settings = read_settings(config, Role.TOOL)
    now_ms = epoch_ms()
    try:
        found = asyncio.run(_gather(settings, max(0, now_ms - since // timedelta(milliseconds=1)), connection))
    except KeyboardInterrupt:
        fail("interrupted before all results were read", 1)
    except KafkaUnreachable as error:
        fail(kafka_away(settings, error), 1)
    except TopicUnknown as error:
        fail(topics_unknown(str(error)), 1)
    if as_json:
        typer.echo(orjson.dumps([doubt.as_json() for doubt in found]).decode())
    elif found:
        typer.echo("\n".join(table(found, now_ms)))
    else:
        typer.echo(f"no dials in doubt in the last {duration_text(since)}")


async def _gather(settings: Settings, since_ms: int, connection: str | None) -> Sequence[Doubt]:
    topic = results_topic(settings.topics.prefix)
    gathering = Gathering()
    with progress(f"reading {topic}"):
        async with TopicReader(KafkaAccess(settings.kafka).options()) as reader:
            await reader.follow([topic], since_ms)
            async for record in reader.until_now():
                try:
                    event = read_event(record.headers, record.value)
                except NotACloudEvent:
                    continue  # whatever somebody has written there, it is no result
                if connection is None or event.attributes.get("connection") == connection:
                    gathering.add(event, record.timestamp_ms)
    return gathering.doubts()
