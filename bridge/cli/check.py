"""`bridge check`: is the configuration right, and is Kafka as it should be."""

import asyncio
from typing import Annotated, NamedTuple

import orjson
import typer

from bridge.app import KafkaAccess, topic_options
from bridge.cli.settings_option import AsJson, ConfigFile, kafka_away, read_settings
from bridge.kafka.probe import KafkaAway, compare_topics, open_producer
from bridge.kafka.topic_admin import TopicsNotManaged
from bridge.kafka.topic_table import Plan
from bridge.ops.settings import Role, Settings, describe


class Found(NamedTuple):
    """One thing that was looked at."""

    what: str
    ok: bool
    sentence: str


def check(
    values: Annotated[bool, typer.Option("--values", help="Show the whole configuration in force, too.")] = False,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Read the configuration and report on it and on Kafka, a line each; exit 1 when something is wrong.

    Example: bridge check --config bridge.yaml
    """
    settings = read_settings(config, Role.INGRESS)
    found = asyncio.run(_look(settings))
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


async def _look(settings: Settings) -> list[Found]:
    connections = len(settings.connections)
    found = [Found("configuration", ok=True, sentence=f"complete, {connections} connection{'s' * (connections != 1)}")]
    options = KafkaAccess(settings.kafka).options()
    servers = settings.kafka.bootstrap_servers
    try:
        plan = await compare_topics(options, topic_options(settings))
    except KafkaAway as error:
        return [*found, Found("kafka", ok=False, sentence=kafka_away(settings, error))]
    except TopicsNotManaged as error:
        return [*found, Found("kafka", ok=False, sentence=f"{servers} does not let us read the topics: {error}")]
    found.append(Found("kafka", ok=True, sentence=f"{servers} answers"))
    try:
        await open_producer(options, topic_options(settings))
        rights = Found("rights", ok=True, sentence="topics can be read, an idempotent producer can be opened")
    except KafkaAway as error:
        rights = Found("rights", ok=False, sentence=f"an idempotent producer cannot be opened: {error}")
    return [*found, rights, *_topics(plan)]


def _topics(plan: Plan) -> list[Found]:
    wrong = [
        Found(topic.name, ok=False, sentence="is missing: bridge topics apply creates it") for topic in plan.create
    ]
    wrong += [
        Found(
            correction.topic,
            ok=False,
            sentence=f"has {correction.setting}={correction.actual}, configured is {correction.wanted}: "
            "bridge topics apply corrects it",
        )
        for correction in plan.correct
    ]
    wrong += [Found("topics", ok=False, sentence=finding.sentence) for finding in plan.findings]
    return wrong or [Found("topics", ok=True, sentence="all as configured")]
