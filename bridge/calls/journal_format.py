"""The journal's records: keys and values to bytes and back, with the format's version in each. Pure.

Whoever meets a key, a version or a value that it does not know leaves the shard without a trace: a newer release is at
work, and an older one would write over what that one knows.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from types import MappingProxyType
from typing import Final, Generic, NamedTuple, assert_never

import orjson
from pydantic import TypeAdapter, ValidationError

from bridge.calls.journal_keys import (
    CommandKey,
    ComparedKey,
    CursorKey,
    HookKey,
    Key,
    OwnerKey,
    RefusalKey,
    SeenKey,
    SinceKey,
    SlotKey,
    ValueT,
    key_text,
    parse_key,
)
from bridge.calls.journal_values import (
    Cursor,
    Hook,
    Intent,
    Moment,
    Owner,
    Refusal,
    Seen,
    Slot,
    Value,
    Verdict,
    seen_forgotten_at,
    verdict_forgotten_at,
)
from bridge.events.compact_json import compact_json
from bridge.kafka.journal_records import JournalRecord, Snapshot, StoredRecord

FORMAT: Final = 1
# Raised when a release writes what the one before it cannot read; it must then read both, for a rolling update.


class UnknownFormat(Exception):
    """A record of a newer release, or of nobody: `key` is its text, `found` what was not understood of it."""

    def __init__(self, key: str, found: str) -> None:
        super().__init__(key, found)
        self.key = key
        self.found = found


class Kept(NamedTuple, Generic[ValueT]):
    """A value and when it was appended, epoch milliseconds by the brokers' clock."""

    value: ValueT
    appended_ms: int


@dataclass(frozen=True, slots=True)
class Remembered:
    """All that a shard's journal holds."""

    slots: dict[SlotKey, Kept[Slot]] = field(default_factory=dict)
    refusals: dict[RefusalKey, Kept[Refusal]] = field(default_factory=dict)
    commands: dict[CommandKey, Kept[Intent | Verdict]] = field(default_factory=dict)
    cursors: dict[CursorKey, Kept[Cursor]] = field(default_factory=dict)
    seen: dict[SeenKey, Kept[Seen]] = field(default_factory=dict)
    since: dict[SinceKey, Kept[Moment]] = field(default_factory=dict)
    compared: dict[ComparedKey, Kept[Moment]] = field(default_factory=dict)
    hooks: dict[HookKey, Kept[Hook]] = field(default_factory=dict)
    owner: dict[OwnerKey, Kept[Owner]] = field(default_factory=dict)


_READERS: Mapping[type[Value], TypeAdapter[Value]] = MappingProxyType(
    {each: TypeAdapter(each) for each in (Slot, Refusal, Intent, Verdict, Cursor, Seen, Moment, Hook, Owner)}
)


def put(key: Key[ValueT], value: ValueT) -> JournalRecord:
    """Give the record that stores a value; ValueError for a key that nobody could read."""
    named = {each.name: getattr(value, each.name) for each in fields(value)}
    return JournalRecord(key_text(key).encode(), compact_json({"v": FORMAT, "is": value.word, **named}))


def forget(key: Key[ValueT]) -> JournalRecord:
    """Give the tombstone of a key."""
    return JournalRecord(key_text(key).encode(), None)


def read(snapshot: Snapshot) -> Remembered:
    """Give what the records mean; UnknownFormat at the first one that is not understood.

    Some 10 us a record: a loop that has other things to do takes a large snapshot in pieces, with `remember`.
    """
    remembered = Remembered()
    for key, stored in snapshot.items():
        remember(remembered, key, stored)
    return remembered


def remember(remembered: Remembered, raw_key: bytes, stored: StoredRecord) -> None:  # noqa: C901 - a flat case per key
    """Add one record's meaning; UnknownFormat when it is not understood."""
    text = raw_key.decode(errors="replace")
    match key := parse_key(text):
        case SlotKey():
            remembered.slots[key] = _kept(text, stored, Slot)
        case RefusalKey():
            remembered.refusals[key] = _kept(text, stored, Refusal)
        case CommandKey():
            remembered.commands[key] = _kept(text, stored, Intent, Verdict)
        case CursorKey():
            remembered.cursors[key] = _kept(text, stored, Cursor)
        case SeenKey():
            remembered.seen[key] = _kept(text, stored, Seen)
        case SinceKey():
            remembered.since[key] = _kept(text, stored, Moment)
        case ComparedKey():
            remembered.compared[key] = _kept(text, stored, Moment)
        case HookKey():
            remembered.hooks[key] = _kept(text, stored, Hook)
        case OwnerKey():
            remembered.owner[key] = _kept(text, stored, Owner)
        case None:
            raise UnknownFormat(text, "the key")
        case _:
            assert_never(key)


def forgettable(remembered: Remembered, now_ms: int) -> Iterator[JournalRecord]:
    """Give tombstones of all that is past its horizon at `now_ms`."""
    for command, (value, _) in remembered.commands.items():
        if isinstance(value, Verdict) and (at := verdict_forgotten_at(value)) is not None and at <= now_ms:
            yield forget(command)
    for seen in remembered.seen:
        if seen_forgotten_at(seen.hour) <= now_ms:
            yield forget(seen)


def _kept(text: str, stored: StoredRecord, *types: type[ValueT]) -> Kept[ValueT]:
    try:
        named = orjson.loads(stored.value)
        version, word = named.pop("v"), named.pop("is")
    except (ValueError, AttributeError, KeyError, TypeError):
        raise UnknownFormat(text, "no version") from None
    if version != FORMAT:
        raise UnknownFormat(text, f"version {version}")
    for each in types:
        if each.word == word:
            try:
                value = _READERS[each].validate_python(named)
            except ValidationError as error:
                raise UnknownFormat(text, f"{word}: {error.errors()[0]['loc']}") from None
            assert isinstance(value, each)
            return Kept(value, stored.appended_ms)
    raise UnknownFormat(text, f"the word {word}")
