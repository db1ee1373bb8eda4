"""`bridge hooks`: the webhooks of a connection at the vendor, and the URLs that it calls."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Final

import orjson
import typer

from bridge.cli.admin_exchange import carry_out, make_request
from bridge.cli.durations import duration_text, parse_duration
from bridge.cli.hook_removal import left_over, remove_everywhere
from bridge.cli.hook_table import done_lines, hook_arguments, list_lines, plan_lines
from bridge.cli.settings_option import AsJson, ConfigFile, fail, read_settings
from bridge.events.catalogue import WEBHOOK_EVENTS
from bridge.ops.settings import Role, Settings
from bridge.pbx.hook_keys import HookName, hook_key, hook_url, parse_hook
from bridge.registration.admin_messages import LONGEST_PAUSE, AdminAnswer, AdminKind, Asked
from bridge.registration.hook_state import HookState

app = typer.Typer(
    help="The webhooks of a connection: what is registered with the vendor, what would change, and to do it. The "
    "worker that has the connection answers. Example: bridge hooks list --connection acme",
    no_args_is_help=True,
)

BY_HAND: Final = 0
# The generation of URLs that a person registers; the registrar counts from 1.

Connection = Annotated[
    str | None, typer.Option(metavar="NAME", help="The connection's name; needless where there is one alone.")
]
Wait = Annotated[
    timedelta, typer.Option(parser=parse_duration, metavar="DURATION", help="Wait so long for the worker: 60s.")
]
_WAIT = "60s"
# The worker tells after 45 s what is done by then.


@app.callback()
def _hooks() -> None:
    """Look at the webhooks, or change them."""


@app.command("list")
def list_(
    connection: Connection = None,
    wait: Wait = _WAIT,  # type: ignore[assignment] # typer parses the default as it parses what is given
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Show what is registered, as far as the bridge knows: the vendor has no list of webhooks.

    Example: bridge hooks list --connection acme
    """
    _show(AdminKind.HOOKS_LIST, connection, wait, config, list_lines, as_json=as_json)


@app.command()
def plan(
    connection: Connection = None,
    wait: Wait = _WAIT,  # type: ignore[assignment] # as above
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Show what would be registered and removed, in order. The worker does it by itself at start and every minute.

    Example: bridge hooks plan --connection acme
    """
    _show(AdminKind.HOOKS_PLAN, connection, wait, config, plan_lines, as_json=as_json)


@app.command()
def apply(
    connection: Connection = None,
    wait: Wait = _WAIT,  # type: ignore[assignment] # as above
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Do now what `plan` shows, also after the vendor has refused it. Exit 1 when not all of it could be done.

    Example: bridge hooks apply --connection acme
    """
    _change(AdminKind.HOOKS_APPLY, connection, wait, config, Asked(), as_json=as_json)


@app.command()
def adopt(
    webhook_id: Annotated[int, typer.Argument(metavar="ID", help="The id that the vendor's panel shows.", min=0)],
    event: Annotated[
        str,
        typer.Argument(
            metavar="EVENT", help="CallStarted for one made by hand; CallStarted.1 for one that the bridge knows."
        ),
    ],
    connection: Connection = None,
    wait: Wait = _WAIT,  # type: ignore[assignment] # as above
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Take over a registration: one made by hand with the URL of `bridge hooks url`, or one whose id got lost.

    Example: bridge hooks adopt 3400000007 CallStarted --connection acme
    """
    asked = Asked(hooks=_named([event]), webhook_id=webhook_id)
    _change(AdminKind.HOOKS_ADOPT, connection, wait, config, asked, as_json=as_json)


@app.command()
def remove(
    hooks: Annotated[
        list[str] | None, typer.Argument(metavar="[HOOK]...", help="As in the list: CallStarted.1")
    ] = None,
    every: Annotated[
        bool, typer.Option("--all", help="All of them; with webhooks.register false or a pause, or they come back.")
    ] = False,
    pause: Annotated[
        timedelta | None,
        typer.Option(
            parser=parse_duration,
            metavar="DURATION",
            help=f"With --all: register none by itself for so long, {duration_text(LONGEST_PAUSE)} at most.",
        ),
    ] = None,
    every_connection: Annotated[
        bool, typer.Option("--every-connection", help="With --all: of all connections of the configuration.")
    ] = False,
    best_effort: Annotated[
        bool, typer.Option("--best-effort", help="Exit 0 also where something is left; it is told all the same.")
    ] = False,
    connection: Connection = None,
    wait: Wait = _WAIT,  # type: ignore[assignment] # as above
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Remove registrations at the vendor; one whose id is not known is only forgotten. What is configured comes back.

    Example: bridge hooks remove CallStarted.1 --connection acme
    """
    if every == bool(hooks):
        fail("name the hooks to remove, as bridge hooks list shows them, or give --all", 2)
    if not every and (pause or every_connection):
        fail("--pause and --every-connection go with --all alone", 2)
    if every_connection and connection:
        fail("give --connection or --every-connection, not both", 2)
    if pause and pause > LONGEST_PAUSE:
        fail(f"--pause is {duration_text(LONGEST_PAUSE)} at most", 2)
    asked = Asked(hooks=_named(hooks or ()), every=every, pause_s=pause.total_seconds() if pause else 0.0)
    with left_over(best_effort=best_effort):
        if every_connection:
            remove_everywhere(read_settings(config, Role.TOOL), asked, wait, as_json=as_json)
        else:
            _change(AdminKind.HOOKS_REMOVE, connection, wait, config, asked, as_json=as_json)


@app.command()
def url(
    connection: Annotated[str, typer.Argument(help="The connection's name.")],
    event: Annotated[str, typer.Argument(help=f"One of {', '.join(WEBHOOK_EVENTS)}.")],
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Print the whole URL to register with the vendor for one event. It holds a key: treat it as a secret.

    Example: bridge hooks url acme CallStarted
    """
    settings = read_settings(config, Role.INGRESS)
    if connection not in settings.connections:
        fail(f"there is no connection {connection}; there are: {', '.join(sorted(settings.connections))}", 2)
    if event not in WEBHOOK_EVENTS:
        fail(f"there is no webhook {event}; there are: {', '.join(WEBHOOK_EVENTS)}", 2)
    if settings.ingress.public_url is None:
        fail(
            "ingress.public_url is not set: it is the origin that the vendor calls, such as https://hooks.example.com",
            2,
        )
    secret = settings.connections[connection].open_webhook_secret().current()
    key = hook_key(secret, connection, HookName(event, BY_HAND))
    whole = hook_url(settings.ingress.public_url, connection, key)
    typer.echo(orjson.dumps({"connection": connection, "event": event, "url": whole}).decode() if as_json else whole)


def _show(
    kind: AdminKind,
    connection: str | None,
    wait: timedelta,
    config: Path | None,
    lines: Callable[[HookState], list[str]],
    *,
    as_json: bool,
) -> None:
    answer = _ask(kind, connection, wait, config, Asked())
    if answer.hooks is None:
        fail(answer.sentence or "the worker's answer cannot be understood: it is of another release", 1)
    typer.echo(answer.hooks.model_dump_json() if as_json else "\n".join(lines(answer.hooks)))


def _change(
    kind: AdminKind, connection: str | None, wait: timedelta, config: Path | None, asked: Asked, *, as_json: bool
) -> None:
    answer = _ask(kind, connection, wait, config, asked)
    if as_json:
        typer.echo(answer.model_dump_json(exclude={"key"}))
        raise typer.Exit(0 if answer.status == "ok" else 1)
    for line in done_lines(answer):
        typer.echo(line)
    if answer.status != "ok":
        fail(answer.sentence or "the worker could not do it", 1)


def _ask(kind: AdminKind, connection: str | None, wait: timedelta, config: Path | None, asked: Asked) -> AdminAnswer:
    settings = read_settings(config, Role.TOOL)
    name = connection or _only_connection(settings)
    answer = carry_out(settings, make_request(kind, name, asked), wait)
    if answer is None:
        known = settings.connections
        typo = "" if not known or name in known else f" (this configuration has {', '.join(sorted(known))})"
        fail(
            f"no worker answered for {name}{typo} within {duration_text(wait)}: see that one runs with this "
            "connection; while shards move between workers, ask again",
            1,
        )
    return answer


def _only_connection(settings: Settings) -> str:
    if len(settings.connections) != 1:
        fail(f"say which connection: --connection {'|'.join(sorted(settings.connections)) or 'NAME'}", 2)
    return next(iter(settings.connections))


def _named(texts: list[str] | tuple[str, ...]) -> tuple[str, ...]:
    names = hook_arguments(texts)
    for text, name in zip(texts, names, strict=True):
        if parse_hook(name) is None:
            fail(f"{text} is no webhook; there are: {', '.join(WEBHOOK_EVENTS)}, each also with .1, .2, …", 2)
    return names
