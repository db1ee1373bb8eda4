"""The keys of a shard's journal, and which value each may hold. Pure.

A key is text, its parts joined by `/`:

    slot/<connection>/<number>                       command/<identity>
    cursor/<connection>/<collection>                 seen/<connection>/<collection>/<hour>
    since/<connection>                               compared/<connection>
    hook/<connection>/<event>/<generation>           refusal/<connection>
    owner
"""

from dataclasses import dataclass, fields
from hashlib import sha256
from typing import ClassVar, Generic, TypeVar

import orjson

from bridge.calls.journal_values import Cursor, Hook, Intent, Moment, Owner, Refusal, Seen, Slot, Value, Verdict

ValueT = TypeVar("ValueT", bound=Value)


@dataclass(frozen=True, slots=True)
class Key(Generic[ValueT]):
    """A key; the type parameter is what may be stored under it."""

    kind: ClassVar[str]


@dataclass(frozen=True, slots=True)
class SlotKey(Key[Slot]):
    kind = "slot"
    connection: str
    number: int


@dataclass(frozen=True, slots=True)
class RefusalKey(Key[Refusal]):
    kind = "refusal"
    connection: str


@dataclass(frozen=True, slots=True)
class CommandKey(Key[Intent | Verdict]):
    """`identity` is that of `command_identity`."""

    kind = "command"
    identity: str


@dataclass(frozen=True, slots=True)
class CursorKey(Key[Cursor]):
    kind = "cursor"
    connection: str
    collection: str


@dataclass(frozen=True, slots=True)
class SeenKey(Key[Seen]):
    """`hour` is the number of whole hours since 1970."""

    kind = "seen"
    connection: str
    collection: str
    hour: int


@dataclass(frozen=True, slots=True)
class SinceKey(Key[Moment]):
    """The connection's first start."""

    kind = "since"
    connection: str


@dataclass(frozen=True, slots=True)
class ComparedKey(Key[Moment]):
    """Up to when the vendor's history has been compared with what was published."""

    kind = "compared"
    connection: str


@dataclass(frozen=True, slots=True)
class HookKey(Key[Hook]):
    kind = "hook"
    connection: str
    event: str
    generation: int


@dataclass(frozen=True, slots=True)
class OwnerKey(Key[Owner]):
    """The shard's own."""

    kind = "owner"


AnyKey = SlotKey | RefusalKey | CommandKey | CursorKey | SeenKey | SinceKey | ComparedKey | HookKey | OwnerKey


def key_text(key: Key[ValueT]) -> str:
    """Give a key as it is stored; ValueError for a part that is empty or holds a slash, which nobody could read."""
    parts = [str(getattr(key, each.name)) for each in fields(key)]
    if not all(parts) or any("/" in part for part in parts):
        raise ValueError(f"not a key: {key}")
    return "/".join((key.kind, *parts))


def parse_key(text: str) -> AnyKey | None:  # noqa: C901 - one flat case per key
    """Read a key as `key_text` wrote it; None when it is none."""
    key: AnyKey
    try:
        match text.split("/"):
            case ["slot", connection, number]:
                key = SlotKey(connection, int(number))
            case ["refusal", connection]:
                key = RefusalKey(connection)
            case ["command", identity]:
                key = CommandKey(identity)
            case ["cursor", connection, collection]:
                key = CursorKey(connection, collection)
            case ["seen", connection, collection, hour]:
                key = SeenKey(connection, collection, int(hour))
            case ["since", connection]:
                key = SinceKey(connection)
            case ["compared", connection]:
                key = ComparedKey(connection)
            case ["hook", connection, event, generation]:
                key = HookKey(connection, event, int(generation))
            case ["owner"]:
                key = OwnerKey()
            case _:
                return None
    except ValueError:
        return None
    return key


def command_identity(connection: str, source: str, id_: str) -> str:
    """Give the identity of a command: the same one again within its horizon is dropped."""
    return sha256(orjson.dumps([connection, source, id_])).hexdigest()
