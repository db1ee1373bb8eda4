"""What every command shares: where the configuration is, and how an error becomes one sentence."""

import os
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from bridge.kafka.access_errors import AccessDenied
from bridge.kafka.refused_rights import refused_right
from bridge.ops.settings import Role, Settings, SettingsError, load_settings

ConfigFile = Annotated[
    Path | None,
    typer.Option("--config", metavar="FILE", help="The configuration; else the file that BRIDGE_CONFIG names."),
]
AsJson = Annotated[bool, typer.Option("--json", help="JSON for machines.")]


def fail(sentence: str, code: int) -> NoReturn:
    """End with a sentence on stderr: code 1 for something wrong, 2 for wrong use or configuration."""
    typer.echo(f"bridge: {sentence}", err=True)
    raise typer.Exit(code)


def kafka_away(settings: Settings, error: Exception) -> str:
    """Return the sentence for a Kafka that does not answer, or does not let us in."""
    if isinstance(error.__cause__, AccessDenied):
        return error.__cause__.sentence
    if (refused := refused_right(error.__cause__)) is not None:
        return (
            f"Kafka at {settings.kafka.bootstrap_servers} does not let us {refused}: "
            "bridge topics rights lists the rights that each role needs"
        )
    return (
        f"Kafka at {settings.kafka.bootstrap_servers} cannot be reached: see that it runs and that "
        f"kafka.bootstrap_servers names it (the client says: {error})"
    )


def topics_unknown(*topics: str) -> str:
    """Return the sentence for topics that are not there; what we may not see does not exist for us either."""
    named = ", ".join(topics)
    gone = (
        f"{named} does not exist, or we may not see it"
        if len(topics) == 1
        else f"none of {named} exists, or we may see none of them"
    )
    return f"{gone}: bridge topics apply creates topics, bridge topics rights lists the rights that each role needs"


def read_settings(config: Path | None, role: Role) -> Settings:
    """Read the configuration, or end with a line for everything that is wrong with it."""
    try:
        return load_settings(config, os.environ, role)
    except SettingsError as error:
        for problem in error.problems:
            typer.echo(f"bridge: {problem}", err=True)
        raise typer.Exit(2) from None
