"""`bridge topics`: the topics as they are against the topics as they should be."""

import asyncio
from collections.abc import Awaitable, Callable

import orjson
import typer

from bridge.app import KafkaAccess, topic_options
from bridge.cli.settings_option import AsJson, ConfigFile, fail, kafka_away, read_settings
from bridge.kafka.client_options import ClientOptions
from bridge.kafka.probe import KafkaAway, apply_topics, compare_topics
from bridge.kafka.topic_admin import TopicsNotManaged
from bridge.kafka.topic_table import Plan, TopicOptions
from bridge.ops.settings import Role, Settings

app = typer.Typer(
    help="The topics: what is missing or set otherwise; nothing is ever deleted. Example: bridge topics plan",
    no_args_is_help=True,
)

Work = Callable[[ClientOptions, TopicOptions], Awaitable[Plan]]


@app.command("plan")
def plan_command(config: ConfigFile = None, as_json: AsJson = False) -> None:
    """Show what `apply` would do; exit 1 when something is not as configured.

    Example: bridge topics plan --config bridge.yaml
    """
    plan = _carry_out(compare_topics, read_settings(config, Role.TOOL))
    _print(plan, "would create", "would set", as_json=as_json)
    if plan != Plan():
        raise typer.Exit(1)


@app.command("apply")
def apply_command(config: ConfigFile = None, as_json: AsJson = False) -> None:
    """Create missing topics and correct settings; exit 1 when something is left that only a person can mend.

    Example: bridge topics apply --config bridge.yaml
    """
    plan = _carry_out(apply_topics, read_settings(config, Role.TOOL))
    _print(plan, "created", "set", as_json=as_json)
    if plan.findings:
        raise typer.Exit(1)


def _carry_out(work: Work, settings: Settings) -> Plan:
    async def carry_out() -> Plan:
        return await work(KafkaAccess(settings.kafka).options(), topic_options(settings))

    try:
        return asyncio.run(carry_out())
    except KafkaAway as error:
        fail(kafka_away(settings, error), 1)
    except TopicsNotManaged as error:
        fail(f"Kafka refused: {error}", 1)


def _print(plan: Plan, created: str, corrected: str, *, as_json: bool) -> None:
    if as_json:
        typer.echo(orjson.dumps(plan).decode())
        return
    for topic in plan.create:
        typer.echo(f"{created} {topic.name}: {topic.partitions} partitions, replication {topic.replication_factor}")
    for correction in plan.correct:
        typer.echo(
            f"{corrected} {correction.setting}={correction.wanted} on {correction.topic} (it was {correction.actual})"
        )
    for finding in plan.findings:
        typer.echo(f"left alone: {finding.sentence}")
    if plan == Plan():
        typer.echo("all topics are as configured")
