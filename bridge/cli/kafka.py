"""`bridge kafka`: the local Kafka by itself, in the background."""

import asyncio
import json
from dataclasses import asdict
from typing import Annotated, Never

import typer

from bridge.kafka.local import NoLocalKafka
from bridge.kafka.local.background import Background, down, up

app = typer.Typer(
    help="A real Apache Kafka on this machine, for trying things out. Example: bridge kafka up", no_args_is_help=True
)

Json = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]
Port = Annotated[
    int | None, typer.Option(help="The port on 127.0.0.1; a free one by default.", min=1024, max=65535, metavar="PORT")
]


@app.command("up", epilog="Example: bridge kafka up --port 9092")
def start(port: Port = None, as_json: Json = False) -> None:
    """Start a local Kafka in the background and print its address.

    A broker that KAFKA_BOOTSTRAP names is used as it is; else one is started in Docker, or with Java 17 and Maven.
    """
    try:
        running, started = asyncio.run(up(_progress, port=port))
    except NoLocalKafka as refusal:
        _fail(refusal)
    if as_json:
        typer.echo(json.dumps({**asdict(running), "started": started}))
    elif running.how == "given":
        typer.echo(f"KAFKA_BOOTSTRAP names {running.bootstrap}, which answers: nothing was started.")
    else:
        typer.echo(f"Kafka {'answers' if started else 'runs already'} at {running.bootstrap} ({_where(running)}).")
        typer.echo(f"Use it:  export KAFKA_BOOTSTRAP={running.bootstrap}")
        typer.echo("Stop it: bridge kafka down")


@app.command("down", epilog="Example: bridge kafka down")
def stop(as_json: Json = False) -> None:
    """Stop the local Kafka that `bridge kafka up` has started, and remove its data."""
    try:
        stopped = asyncio.run(down())
    except NoLocalKafka as refusal:
        _fail(refusal)
    if as_json:
        typer.echo(json.dumps({"stopped": None if stopped is None else asdict(stopped)}))
    elif stopped is None:
        typer.echo("No local Kafka was started by `bridge kafka up`: nothing to stop.")
    else:
        typer.echo(f"The local Kafka at {stopped.bootstrap} is stopped and its data removed.")


def _where(running: Background) -> str:
    if running.container is not None:
        return f"Docker container {running.container}"
    return f"process {running.pid}, data in {running.folder}"


def _progress(line: str) -> None:
    typer.echo(line, err=True)


def _fail(refusal: NoLocalKafka) -> Never:
    typer.echo(f"{refusal}", err=True)
    raise typer.Exit(2)
