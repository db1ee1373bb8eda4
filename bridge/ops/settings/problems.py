"""What is wrong with a configuration, as sentences: key, what was given, what is allowed. No secret is ever quoted."""

import json
import re
from collections.abc import Sequence
from typing import Final, NamedTuple

from pydantic_core import PydanticCustomError

KeyPath = tuple[str | int, ...]
"""Where a value stands: ("connections", "acme", "allowed_ips", 0)."""

SECRET_KEYS: Final = frozenset({
    "api_key",
    "sasl_oauth_client_secret",
    "sasl_password",
    "ssl_key_password",
    "webhook_secret",
    "webhook_secret_previous",
})  # fmt: skip

_USER_INFO: Final = re.compile(r"(?<=://)[^/@\s]*@|^[^/@\s:]+:[^/@\s]*@")
_QUERY: Final = re.compile(r"(?<=://)([^?]*)\?.*", re.DOTALL)
_LONGEST_QUOTE: Final = 80
"""Characters of a given value that a sentence repeats: enough to recognise it, short enough for one line."""


class Problem(NamedTuple):
    """One wrong key; the sentence is whole and ready to print."""

    key: KeyPath
    sentence: str


class SettingsError(Exception):
    """The configuration cannot be used; `problems` holds every reason, one sentence each."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


def unfit(allowed: str, *, fault: str = "") -> PydanticCustomError:
    """Return the error a validator raises: `allowed` completes "give …"; `fault` replaces "is <what was given>"."""
    return PydanticCustomError("unfit", "give {allowed}", {"allowed": allowed, "fault": fault})


def dotted(path: KeyPath) -> str:
    """Write a path as people do: `connections.acme.allowed_ips[0]`."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += f".{shown_key(part)}" if text else shown_key(part)
    return text


def shown_key(name: str) -> str:
    """Write a key as it was given, up to the first character that no key has: `{api_key:abc}` is a key and no value."""
    if re.fullmatch(r"[\w-]{1,80}", name, re.ASCII):
        return name
    head = re.match(r"[\w .-]{0,80}", name, re.ASCII)
    shown = head[0] if head else ""
    return json.dumps(shown if shown == name else shown + "…", ensure_ascii=False)


def kind_of(value: object) -> str:
    """Name the kind of what was given, where quoting it could show a secret."""
    kinds = {type(None): "null", bool: "true or false", int: "a number", str: "text", dict: "a map"}
    return kinds.get(type(value), "a list")


def quoted(value: object) -> str:
    """Write what was given as JSON would; maps and lists by their kind alone, since they may hold secrets."""
    match value:
        case None:
            return "null"
        case bool() | int() | float():
            return json.dumps(value)
        case str():
            shown = _QUERY.sub(r"\1?…", _USER_INFO.sub("…@", value))
            return json.dumps(
                shown if len(shown) <= _LONGEST_QUOTE else shown[:_LONGEST_QUOTE] + "…", ensure_ascii=False
            )
        case _:
            return kind_of(value)


def sentence_of(path: KeyPath, given: object, allowed: str, *, fault: str = "", source: str = "") -> str:
    """Compose `ingress.port is 70000: give a whole number from 0 to 65535.`; `source` is the variable it came by."""
    origin = f" (from {source})" if source else ""
    hidden = any(part in SECRET_KEYS for part in path)
    return f"{dotted(path)}{origin} {fault or ('cannot be used' if hidden else f'is {quoted(given)}')}: give {allowed}."
