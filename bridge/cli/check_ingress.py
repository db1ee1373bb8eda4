"""`bridge check --ingress URL`: does the ingress answer there, refuse a wrong key, and know the right ones.

Nothing is published: each right key is shown with a GET, which is answered 405 only after the key was accepted.
"""

import asyncio
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Final
from urllib.parse import urlsplit

from bridge.cli.found import Found
from bridge.ops.settings import Settings
from bridge.pbx.hook_keys import HookName, hook_key, hook_url

_ANSWERS_WITHIN_S: Final = 5.0
# The ingress answers a GET within milliseconds, whatever Kafka does.
_PROVEN_BY: Final = HookName("CallStarted", 0)
# The key of `bridge hooks url`: any event's would do, since a key proves the secret.
_WRONG_KEY: Final = f"{_PROVEN_BY.text}.wrong"


async def look_at_ingress(origin: str, settings: Settings) -> list[Found]:
    """Give a line for the ingress, and one for each connection's keys once it answers."""
    return await asyncio.to_thread(_look, origin, settings)


def _look(origin: str, settings: Settings) -> list[Found]:
    what = f"ingress {origin}"
    names = sorted(settings.connections)
    try:
        refused = _status(hook_url(origin, names[0], _WRONG_KEY))
        if refused != 404:
            sentence = f"a wrong hook key is answered {refused}, not 404: see that this is the bridge's webhook port"
            return [Found(what, ok=False, sentence=sentence)]
        found = [Found(what, ok=True, sentence="answers, and refuses a wrong hook key")]
        return [*found, *(_key(origin, name, settings) for name in names)]
    except (OSError, HTTPException) as error:
        sentence = f"does not answer ({error or type(error).__name__}): see that an ingress runs and is reachable"
        return [Found(what, ok=False, sentence=sentence)]


def _key(origin: str, connection: str, settings: Settings) -> Found:
    what = f"hook key {connection}"
    secret = settings.connections[connection].open_webhook_secret().current()
    match _status(hook_url(origin, connection, hook_key(secret, connection, _PROVEN_BY))):
        case 405:
            return Found(what, ok=True, sentence="accepted")
        case 403:
            return Found(what, ok=True, sentence="accepted, but not from here: connections' allowed_ips")
        case 404:
            sentence = "refused: the ingress has another webhook secret, or does not know the connection yet"
            return Found(what, ok=False, sentence=sentence)
        case status:
            return Found(what, ok=False, sentence=f"answered {status}: look at the ingress's log")


def _status(url: str) -> int:
    """GET; a redirect is an answer like any other."""
    parts = urlsplit(url)
    door = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    connection = door(parts.netloc, timeout=_ANSWERS_WITHIN_S)
    try:
        connection.request("GET", parts.path)
        return connection.getresponse().status
    finally:
        connection.close()
