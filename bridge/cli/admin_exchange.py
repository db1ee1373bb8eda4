"""Requests to the owners of connections, and their answers: both by Kafka, since they alone may call the vendor."""

import asyncio
import secrets
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Final

from bridge.app import KafkaAccess
from bridge.cli.progress import progress
from bridge.cli.settings_option import fail, kafka_away, topics_unknown
from bridge.events.cloudevents import NotACloudEvent, read_event
from bridge.events.topics import admin_results_topic, admin_topic
from bridge.events.ulid import RANDOM_BYTES, ulid
from bridge.kafka.probe import KafkaAway
from bridge.kafka.producer_errors import NotAcknowledged, Refused
from bridge.kafka.reader import KafkaUnreachable, TopicReader, TopicUnknown
from bridge.kafka.single_publish import publish_once
from bridge.ops.clock import epoch_ms
from bridge.ops.settings import Settings
from bridge.registration.admin_messages import (
    AdminAnswer,
    AdminKind,
    AdminRequest,
    Asked,
    read_answer,
    request_record,
)

SOURCE: Final = "/bridge/cli"
_ACKNOWLEDGED_WITHIN_S: Final = 10.0
# As for commands: a cluster that elects a leader needs some seconds.

Answers = Mapping[str, AdminAnswer]
"""By connection."""


def make_request(kind: AdminKind, connection: str, asked: Asked | None = None) -> AdminRequest:
    """Make a request with an id of its own."""
    id_ = ulid(epoch_ms(), secrets.token_bytes(RANDOM_BYTES))
    return AdminRequest(kind=kind, id=id_, source=SOURCE, connection=connection, asked=asked or Asked())


async def exchange(settings: Settings, requests: Sequence[AdminRequest], wait: timedelta, waiting_for: str) -> Answers:
    """Publish the requests and gather their answers; those that did not come within `wait` are missing.

    Raises what `publish_once` and TopicReader raise.
    """
    options, prefix = KafkaAccess(settings.kafka).options(), settings.topics.prefix
    answers: dict[str, AdminAnswer] = {}
    async with TopicReader(options) as reader:
        # Before anything is asked: the answer may come before this process has connected once more.
        await reader.follow([admin_results_topic(prefix)], None)
        for request in requests:
            await publish_once(options, request_record(prefix, request), _ACKNOWLEDGED_WITHIN_S)
        by_id = {request.id: request for request in requests}
        try:
            async with asyncio.timeout(wait.total_seconds()):
                with progress(waiting_for):
                    await _gather(reader, by_id, answers)
        except TimeoutError:
            pass
    return answers


def carry_out(settings: Settings, request: AdminRequest, wait: timedelta) -> AdminAnswer | None:
    """Ask one thing, and give its answer, None when none came in time; end with a sentence where Kafka is at fault."""
    waiting_for = f"waiting for the worker that has {request.connection}"
    return carry_out_each(settings, [request], wait, waiting_for).get(request.connection)


def carry_out_each(settings: Settings, requests: Sequence[AdminRequest], wait: timedelta, waiting_for: str) -> Answers:
    """Ask several connections' owners at once, and give the answers that came in time."""
    topic = admin_topic(settings.topics.prefix)
    try:
        return asyncio.run(exchange(settings, requests, wait, waiting_for))
    except KeyboardInterrupt:
        fail("interrupted; what was asked for may be done all the same: bridge hooks list", 1)
    except (KafkaAway, KafkaUnreachable) as error:
        fail(kafka_away(settings, error), 1)
    except TopicUnknown as error:
        fail(topics_unknown(str(error)), 1)
    except Refused as error:
        fail(f"Kafka refused the request ({error.error}): see that we may write to {topic}", 1)
    except NotAcknowledged:
        fail("Kafka did not acknowledge the request: see with bridge hooks list whether it was carried out", 1)


async def _gather(reader: TopicReader, by_id: Mapping[str, AdminRequest], answers: dict[str, AdminAnswer]) -> None:
    async for record in reader.records():
        try:
            event = read_event(record.headers, record.value)
        except NotACloudEvent:
            continue  # whatever somebody has written there, it answers nothing
        request = by_id.get(event.attributes.get("requestid", ""))
        answer = None if request is None else read_answer(event, request)
        if request is not None and answer is not None:
            answers.setdefault(request.connection, answer)
            if len(answers) == len(by_id):
                return
