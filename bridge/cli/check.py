"""`bridge check`: is the configuration right, and is Kafka as it should be."""

import asyncio
import os
from collections.abc import Collection
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import orjson
import typer

from bridge.app import KafkaAccess, topic_options
from bridge.cli.check_connections import look_at_connections
from bridge.cli.check_ingress import look_at_ingress
from bridge.cli.check_rights import look_at_rights_of
from bridge.cli.found import Found
from bridge.cli.run import RunnableRole
from bridge.cli.settings_option import AsJson, ConfigFile, fail, kafka_away, read_settings
from bridge.events.topics import commands_topic
from bridge.kafka.probe import KafkaAway, compare_topics
from bridge.kafka.topic_admin import TopicsNotManaged
from bridge.kafka.topic_table import Correction, Plan
from bridge.ops.settings import ConnectionSettings, Role, Settings, SettingsError, describe, load_settings
from bridge.ops.settings.addresses import api_url
from bridge.polling.cost import idle_calls_per_minute


def check(
    role: Annotated[
        RunnableRole | None,
        typer.Option("--role", help="Whose secrets and rights must be there; else the ingress's secrets."),
    ] = None,
    ingress: Annotated[
        str | None, typer.Option("--ingress", metavar="URL", help="Ask an ingress, too: http://127.0.0.1:8080.")
    ] = None,
    values: Annotated[bool, typer.Option("--values", help="Show the whole configuration in force, too.")] = False,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Read the configuration and report on it, on Kafka and, where a worker answers, on each connection to the vendor.

    A line each; exit 1 when something is wrong.

    Example: bridge check --config bridge.yaml
    """
    origin = None if ingress is None else _origin(ingress)
    settings, worker_problems = _read(config, role)
    found = [_configuration(settings, worker_problems), *asyncio.run(_look(settings, role, origin))]
    if as_json:
        typer.echo(
            orjson.dumps({"configuration": describe(settings), "checks": [item._asdict() for item in found]}).decode()
        )
    else:
        for line in describe(settings) if values else ():
            typer.echo(f"       {line}")
        for item in found:
            typer.echo(f"{'ok' if item.ok else 'WRONG':<6} {item.what}: {item.sentence}")
    if not all(item.ok for item in found):
        raise typer.Exit(1)


def _origin(given: str) -> str:
    try:
        url = api_url(given)
    except ValueError:
        url = ""
    if urlsplit(url).path or not url:
        # What was given is not repeated, as it may hold a password.
        fail("--ingress is no origin: give scheme, host and port alone, such as http://127.0.0.1:8080", 2)
    return url


def _read(config: Path | None, role: RunnableRole | None) -> tuple[Settings, list[str]]:
    """Read the configuration of a role, or of all; where only the ingress could start, say what stops a worker."""
    if role is not None:
        return read_settings(config, Role(role.value)), []
    try:
        return load_settings(config, os.environ, Role.ALL), []
    except SettingsError as error:
        return read_settings(config, Role.INGRESS), list(error.problems)


def _configuration(settings: Settings, worker_problems: list[str]) -> Found:
    connections = len(settings.connections)
    known = f"{connections} connection{'s' * (connections != 1)}"
    if worker_problems:
        sentence = f"complete for the ingress, {known}; a worker would not start: {' '.join(worker_problems)}"
    else:
        sentence = f"complete, {known}"
    return Found("configuration", ok=True, sentence=sentence)


def _quota(name: str, connection: ConnectionSettings) -> Found:
    limit = connection.rate_limit
    most = limit.calls * 60 / limit.window.total_seconds()
    idle = idle_calls_per_minute(connection)
    sentence = f"polling and reconciliation take {idle:.0f} of {most:.0f} calls a minute while nothing happens"
    if idle > most:
        sentence += ": that is more than there are, so poll fewer lists, or less often"
    return Found(f"quota of {name}", ok=idle <= most, sentence=sentence)


async def _look(settings: Settings, role: RunnableRole | None, origin: str | None) -> list[Found]:
    found = [] if origin is None else await look_at_ingress(origin, settings)
    kafka, may_ask = await _look_at_kafka(settings, role)
    found += [*kafka, *(_quota(name, connection) for name, connection in settings.connections.items())]
    if any(item.what in {"kafka", "rights"} and not item.ok for item in kafka):
        return found
    if not may_ask:
        sentence = "not looked at, since these credentials may not ask the workers: they lack rights of the role tool"
        return [*found, Found("connections", ok=True, sentence=sentence)]
    return [*found, *await look_at_connections(settings)]


async def _look_at_kafka(settings: Settings, role: RunnableRole | None) -> tuple[list[Found], bool]:
    """Look at Kafka, and tell whether the workers may be asked by it."""
    options = KafkaAccess(settings.kafka).options()
    kafka = Found("kafka", ok=True, sentence=f"{settings.kafka.bootstrap_servers} answers")
    plan: Plan | TopicsNotManaged
    try:
        try:
            plan = await compare_topics(options, topic_options(settings))
        except TopicsNotManaged as error:
            plan = error
        ours = await look_at_rights_of(settings, role)
    except KafkaAway as error:
        return [Found("kafka", ok=False, sentence=kafka_away(settings, error))], False
    if isinstance(plan, TopicsNotManaged):
        topics = [Found("topics", ok=False, sentence=f"cannot be compared with the configuration: {plan}")]
    else:
        topics = _topics(plan, commands_topic(settings.topics.prefix), ours.hidden)
    return [kafka, *ours.found, *topics], ours.may_ask


def _topics(plan: Plan, commands: str, hidden: Collection[str]) -> list[Found]:
    wrong = [
        Found(topic.name, ok=False, sentence="is missing: bridge topics apply creates it")
        for topic in plan.create
        if topic.name not in hidden
    ]
    wrong += [
        Found(
            correction.topic,
            ok=False,
            sentence=f"has {correction.setting}={correction.actual}, configured is {correction.wanted}: "
            f"bridge topics apply corrects it{_until_then(correction, commands)}",
        )
        for correction in plan.correct
    ]
    wrong += [Found("topics", ok=False, sentence=finding.sentence) for finding in plan.findings]
    if hidden:
        wrong.append(Found("topics", ok=False, sentence=f"{len(hidden)} cannot be compared, as we may not see them"))
    return wrong or [Found("topics", ok=True, sentence="all as configured")]


def _until_then(correction: Correction, commands: str) -> str:
    if (correction.topic, correction.setting) != (commands, "message.timestamp.type"):
        return ""
    return "; until then no worker is ready, since the deadlines of commands count from the brokers' clock"
