"""What an operation does to an account, and what it answers. Pure apart from the account that it changes."""

from typing import assert_never
from urllib.parse import urlsplit

import orjson

from bridge.simulator.account import Account
from bridge.simulator.answers import Answer, not_found, unprocessable
from bridge.simulator.hooks import HookLimitError
from bridge.simulator.operations import DeleteHook, Operation, RegisterHook


def perform(account: Account, operation: Operation, path_id: str, body: bytes) -> Answer:
    """Do it, and return the answer."""
    match operation:
        case RegisterHook():
            return _register(account, operation, body)
        case DeleteHook():
            return _delete(account, path_id)
        case _:
            assert_never(operation)


def _register(account: Account, operation: RegisterHook, body: bytes) -> Answer:
    endpoint = json_object(body).get("endpoint")
    if not isinstance(endpoint, str) or urlsplit(endpoint).scheme not in {"http", "https"}:
        return unprocessable("endpoint is a URL")
    try:
        hook = account.hooks.register(operation.event, endpoint)
    except HookLimitError:
        return Answer(403, "Webhook limit reached")
    return Answer(200, data=str(hook.hook_id))


def _delete(account: Account, path_id: str) -> Answer:
    hook_id = whole_number(path_id)
    if hook_id is None:
        return unprocessable("the id is a whole number")
    return Answer(200, data={}) if account.hooks.remove(hook_id) else not_found()


def json_object(body: bytes) -> dict[str, object]:
    """Return the JSON object in the body, an empty one where there is none."""
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    return value if isinstance(value, dict) else {}


def whole_number(text: str) -> int | None:
    """Return the number, None when the text is no whole number in plain digits."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else None
