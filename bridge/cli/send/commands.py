"""`bridge send`: a subcommand per type of command."""

from datetime import timedelta
from typing import Annotated, Final

import typer

from bridge.cli.durations import parse_duration
from bridge.cli.send.sending import Envelope, send
from bridge.cli.settings_option import AsJson, ConfigFile
from bridge.events.command_catalogue import CommandName
from bridge.events.command_examples import COMMAND_EXAMPLES
from bridge.events.command_models import COMMAND_MODELS

SOURCE: Final = "/bridge/cli"
_GETS: Final = tuple(name for name in CommandName if name.startswith("get-"))

app = typer.Typer(
    help="Publish a command, and show its result. Exit codes with --wait: 0 the result is ok, 3 it is another, 4 none "
    "came in time. Example: bridge send dial --connection acme --contact 224 --to 37060000000 --wait 60s",
    no_args_is_help=True,
)

Connection = Annotated[str, typer.Option(metavar="NAME", help="The connection's name.")]
Wait = Annotated[
    timedelta | None,
    typer.Option(parser=parse_duration, metavar="DURATION", help="Wait so long for the result, and show it: 60s."),
]
CommandId = Annotated[
    str | None,
    typer.Option(
        metavar="ID",
        help="To repeat a command on purpose: the same id again (dial: within 24 h, others: 1 h) is not executed a "
        "second time. Else a new ULID.",
    ),
]
Source = Annotated[str, typer.Option(metavar="URI", help="Who asks. Commands are told apart by source and id.")]
CorrelationId = Annotated[str | None, typer.Option(metavar="TEXT", help="Is copied to the result.")]


@app.command()
def dial(
    connection: Connection,
    contact: Annotated[str, typer.Option(metavar="ID", help="The employee whose device shall call.")],
    to: Annotated[str, typer.Option(metavar="NUMBER", help="The number to call.")],
    wait: Wait = None,
    command_id: CommandId = None,
    source: Source = SOURCE,
    correlation_id: CorrelationId = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Let the device of an employee call a number. At most one request to the vendor leaves for one command.

    Example: bridge send dial --connection acme --contact 224 --to 37060000000 --wait 60s
    """
    send(
        CommandName.DIAL,
        {"contact_id": contact, "destination": to},
        {"contact_id": "--contact", "destination": "--to"},
        Envelope(connection, wait, command_id, source, correlation_id, config, as_json),
    )


def _add_get(name: CommandName) -> None:
    model = COMMAND_MODELS[name]
    example = COMMAND_EXAMPLES[name][0]["id"]

    help_ = f"{model.__doc__}\n\nExample: bridge send {name} {example} --connection acme --wait 60s"

    @app.command(name.value, help=help_)
    def get(
        id_: Annotated[str, typer.Argument(metavar="ID", help=model.model_fields["id"].description)],
        connection: Connection,
        wait: Wait = None,
        command_id: CommandId = None,
        source: Source = SOURCE,
        correlation_id: CorrelationId = None,
        config: ConfigFile = None,
        as_json: AsJson = False,
    ) -> None:
        envelope = Envelope(connection, wait, command_id, source, correlation_id, config, as_json)
        send(name, {"id": id_}, {"id": "ID"}, envelope)


for _name in _GETS:
    _add_get(_name)


@app.command()
def list_lost_calls(
    connection: Connection,
    destination: Annotated[str | None, typer.Option(metavar="NUMBER", help="Only callers of this number.")] = None,
    from_: Annotated[
        str | None, typer.Option("--from", metavar="TIME", help="Only from this time on: 2018-01-16T00:00:00+02:00.")
    ] = None,
    to: Annotated[str | None, typer.Option(metavar="TIME", help="Only up to this time.")] = None,
    limit: Annotated[int | None, typer.Option(help="How many at most, up to 500.")] = None,
    offset: Annotated[int | None, typer.Option(help="How many of the first to leave out.")] = None,
    wait: Wait = None,
    command_id: CommandId = None,
    source: Source = SOURCE,
    correlation_id: CorrelationId = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """List those who called in vain and wait to be called back.

    Example: bridge send list-lost-calls --connection acme --from 2018-01-16T00:00:00+02:00 --limit 100 --wait 60s
    """
    send(
        CommandName.LIST_LOST_CALLS,
        {"destination": destination, "date_from": from_, "date_to": to, "limit": limit, "offset": offset},
        {
            "destination": "--destination",
            "date_from": "--from",
            "date_to": "--to",
            "limit": "--limit",
            "offset": "--offset",
        },
        Envelope(connection, wait, command_id, source, correlation_id, config, as_json),
    )
