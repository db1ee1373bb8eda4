"""All commands of `bridge` in one place; each lives in a file of its own."""

import logging
from importlib.metadata import version
from typing import Annotated

import typer

from bridge.cli.check import check
from bridge.cli.demo import demo
from bridge.cli.doubts import doubts
from bridge.cli.hooks import app as hooks
from bridge.cli.kafka import app as kafka
from bridge.cli.run import run
from bridge.cli.schemas import app as schemas
from bridge.cli.send import app as send
from bridge.cli.simulator import simulator
from bridge.cli.tail import tail
from bridge.cli.topics import app as topics

app = typer.Typer(
    name="bridge",
    help="The bridge between a virtual PBX and Kafka. Start with: bridge demo",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    rich_markup_mode=None,
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(version("mobili-stotele-bridge"))
        raise typer.Exit


# What the commands have to say of Kafka they say in a sentence; `run` has a log, and a filter for these lines.
logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
# The same of Amazon's credentials, of which its library has a traceback.
logging.getLogger("botocore").setLevel(logging.CRITICAL)


@app.callback()
def _bridge(
    _: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Run a part of the bridge."""


app.command()(demo)
app.command()(run)
app.command()(check)
app.add_typer(send, name="send")
app.command()(doubts)
app.command()(tail)
app.add_typer(hooks, name="hooks")
app.add_typer(topics, name="topics")
app.add_typer(schemas, name="schemas")
app.command()(simulator)
app.add_typer(kafka, name="kafka")
