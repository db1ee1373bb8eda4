"""`bridge topics`: the topics as they are against the topics as they should be."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated

import orjson
import typer

from bridge.app import KafkaAccess, topic_options
from bridge.cli.rights_table import acl_commands, right_rows, table_lines
from bridge.cli.settings_option import AsJson, ConfigFile, fail, kafka_away, read_settings
from bridge.kafka.client_options import ClientOptions
from bridge.kafka.probe import KafkaAway, apply_topics, compare_topics
from bridge.kafka.rights import CONSUMER_GROUP, KafkaRole, rights
from bridge.kafka.topic_admin import TopicsNotManaged
from bridge.kafka.topic_table import Plan, TopicOptions
from bridge.ops.settings import Role, Settings

app = typer.Typer(
    help="The topics: what is missing or set otherwise, and who needs which rights on them; nothing is ever deleted. "
    "Example: bridge topics plan",
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


@app.command("rights")
def rights_command(
    role: Annotated[KafkaRole | None, typer.Option(help="Whose rights; else those of all roles.")] = None,
    principal: Annotated[
        str | None, typer.Option(metavar="NAME", help="Print the commands that give them, such as to User:bridge.")
    ] = None,
    group: Annotated[str, typer.Option(metavar="NAME", help="The group of the role consumer.")] = CONSUMER_GROUP,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """List the least rights (ACLs) that each role needs on Kafka, by topics.prefix and topics.manage. Asks nobody.

    Example: bridge topics rights --role worker --principal User:bridge
    """
    if principal is not None and role is None:
        fail("say whose rights the principal is to get: --role ingress|worker|all|topics|tool|consumer|commander", 2)
    settings = read_settings(config, Role.TOOL)
    prefix, manage = settings.topics.prefix, settings.topics.manage
    tables = {one: rights(one, prefix, manage=manage, group=group) for one in ([role] if role else KafkaRole)}
    if as_json:
        typer.echo(orjson.dumps({one.value: right_rows(table) for one, table in tables.items()}).decode())
    elif principal is not None and role is not None:
        typer.echo("\n".join(acl_commands(tables[role], principal, settings.kafka.bootstrap_servers)))
    else:
        sections = ["\n".join([f"{one.value}:", *table_lines(table)]) for one, table in tables.items()]
        typer.echo("\n\n".join(sections))


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
