"""What all subcommands of `bridge send` do once their options are read, with a sentence and a code for each ending."""

import asyncio
import secrets
import shlex
from collections.abc import Coroutine, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Final, NamedTuple, TypeVar

import orjson
import typer

from bridge.app import KafkaAccess
from bridge.cli.durations import duration_text
from bridge.cli.send.exchange import Exchange
from bridge.cli.send.request import Answer, Request, WrongUse, make_request
from bridge.cli.send.result_text import result_text
from bridge.cli.settings_option import fail, kafka_away, read_settings, topics_unknown
from bridge.events.command_catalogue import CommandName
from bridge.events.result_models import Status
from bridge.events.topics import results_topic
from bridge.events.ulid import RANDOM_BYTES, ulid
from bridge.kafka.probe import KafkaAway
from bridge.kafka.producer_errors import NotAcknowledged, Refused
from bridge.kafka.reader import KafkaUnreachable, TopicUnknown
from bridge.kafka.single_publish import Stored
from bridge.ops.clock import epoch_ms
from bridge.ops.settings import Role, Settings

NOT_OK: Final = 3
NO_RESULT: Final = 4
# Exit codes: a result other than `ok`, and no result.

Outcome = TypeVar("Outcome")


class Envelope(NamedTuple):
    """The options that all commands have in common."""

    connection: str
    wait: timedelta | None
    command_id: str | None
    source: str
    correlation_id: str | None
    config: Path | None
    as_json: bool


def send(
    name: CommandName, data: Mapping[str, str | int | None], options: Mapping[str, str], envelope: Envelope
) -> None:
    """Publish a command and, where that is asked for, wait for its result.

    `data` are the fields of the command's data, None where not given; `options` says which option sets which of them.
    """
    settings = read_settings(envelope.config, Role.TOOL)
    request = _request(settings, name, data, options, envelope)
    _warn_of_a_typo(settings, envelope.connection)
    exchange = Exchange(KafkaAccess(settings.kafka).options(), request)
    if envelope.wait is None:
        stored = _carry_out(settings, request, exchange, exchange.publish())
        _warn_of_times(request, stored)
        _print_stored(request, stored, as_json=envelope.as_json)
        return
    asking = exchange.ask(results_topic(settings.topics.prefix), envelope.wait)
    answer = _carry_out(settings, request, exchange, asking)
    _warn_of_times(request, exchange.stored)
    if answer is None:
        fail(_no_result(request, envelope.wait, repeated=envelope.command_id is not None), NO_RESULT)
    _print_answer(answer, as_json=envelope.as_json)
    if answer.result.status is not Status.OK:
        raise typer.Exit(NOT_OK)


def _request(
    settings: Settings,
    name: CommandName,
    data: Mapping[str, str | int | None],
    options: Mapping[str, str],
    envelope: Envelope,
) -> Request:
    new_id = ulid(epoch_ms(), secrets.token_bytes(RANDOM_BYTES))
    try:
        return make_request(
            name,
            envelope.connection,
            data,
            id_=new_id if envelope.command_id is None else envelope.command_id,
            source=envelope.source,
            correlation_id=envelope.correlation_id,
            topic_prefix=settings.topics.prefix,
            options=options,
        )
    except WrongUse as error:
        fail(str(error), 2)


def _carry_out(
    settings: Settings, request: Request, exchange: Exchange, work: Coroutine[object, object, Outcome]
) -> Outcome:
    id_ = request.id
    try:
        return asyncio.run(work)
    except KeyboardInterrupt:
        if exchange.stored is None:
            fail(f"interrupted, nobody knows whether {id_} was published", 1)
        fail(f"nobody waits for {id_} any more, but it goes on: bridge tail results --since 5m", NO_RESULT)
    except (KafkaAway, KafkaUnreachable) as error:
        fail(kafka_away(settings, error), 1)
    except TopicUnknown as error:
        fail(topics_unknown(str(error)), 1)
    except Refused as error:
        fail(f"Kafka refused the command ({error.error}): see that we may write to {request.record.topic}", 1)
    except NotAcknowledged:
        fail(
            f"Kafka did not acknowledge the command, so nobody knows whether it will be executed: send it again with "
            f"--command-id {shlex.quote(id_)}, and it is executed once at most",
            1,
        )


def _warn_of_a_typo(settings: Settings, connection: str) -> None:
    known = settings.connections
    # A configuration without any is one for tools, and says nothing about what the workers know.
    if known and connection not in known:
        _warn(
            f"{connection} is not in this configuration, which has {', '.join(sorted(known))}: a worker that does not "
            "know it either answers invalid after 15 s"
        )


def _warn_of_times(request: Request, stored: Stored | None) -> None:
    if stored is not None and stored.appended_ms is None:
        _warn(
            f"{request.record.topic} has another message.timestamp.type than LogAppendTime: no worker is ready until "
            "bridge topics apply has corrected it"
        )


def _warn(sentence: str) -> None:
    typer.echo(f"bridge: {sentence}", err=True)


def _no_result(request: Request, wait: timedelta, *, repeated: bool) -> str:
    where = (
        "a command that was sent before gets no second result, bridge tail results --since 1d shows the first"
        if repeated
        else "see that a worker runs; bridge tail results --since 5m shows what comes late"
    )
    return f"no result of {request.id} came within {duration_text(wait)}: {where}"


def _print_stored(request: Request, stored: Stored, *, as_json: bool) -> None:
    topic = request.record.topic
    if as_json:
        where = {"topic": topic, "partition": stored.partition, "offset": stored.offset}
        typer.echo(orjson.dumps({"id": request.id, "source": request.source, **where}).decode())
    else:
        typer.echo(f"{request.id} is published: {topic}, partition {stored.partition}, offset {stored.offset}")


def _print_answer(answer: Answer, *, as_json: bool) -> None:
    typer.echo(answer.event.structured().decode() if as_json else result_text(answer))
