"""`bridge hooks`: the URLs that the vendor calls."""

from typing import Annotated

import orjson
import typer

from bridge.cli.settings_option import AsJson, ConfigFile, fail, read_settings
from bridge.events.catalogue import WEBHOOK_EVENTS
from bridge.ops.settings import Role
from bridge.pbx.hook_keys import HookName, hook_key, hook_url

app = typer.Typer(help="The webhooks of a connection. Example: bridge hooks url acme CallStarted", no_args_is_help=True)

BY_HAND = 0
# The generation of URLs that a person registers; the registrar counts from 1.


@app.callback()
def _hooks() -> None:
    """Print what the vendor needs to call us."""


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
