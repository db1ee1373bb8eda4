"""Records of the command topic for the tests: a dial in both modes, whole or with one thing changed."""

from collections.abc import Mapping

import orjson

from bridge.commands.command import Command, Reason, Refusal
from bridge.commands.command_record import CommandRecord
from bridge.commands.reading import read_command

APPENDED_MS = 1_516_102_019_120
# 2018-01-16T11:26:59.120Z
DIAL: dict[str, object] = {"contact_id": 224, "destination": "37060000000"}
DIAL_TYPE = "pbx.command.dial.v1"
ATTRIBUTES = {"specversion": "1.0", "id": "c-1", "source": "/crm", "type": DIAL_TYPE, "connection": "acme"}
TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


class FixedTime:
    """The brokers' time, which stands still."""

    def __init__(self, now_ms: int) -> None:
        self._now_ms = now_ms

    def seen(self, appended_ms: int) -> None:
        """Take no note."""

    def now_ms(self) -> int:
        return self._now_ms


def record(headers: list[tuple[str, bytes | None]], value: bytes | None) -> CommandRecord:
    return CommandRecord.received("pbx.commands.v1", 2, 17, APPENDED_MS, headers, value)


def headers_of(attributes: Mapping[str, str]) -> list[tuple[str, bytes | None]]:
    return [(f"ce_{name}", text.encode()) for name, text in attributes.items()]


def without(*names: str) -> dict[str, str]:
    return {name: text for name, text in ATTRIBUTES.items() if name not in names}


def binary(data: object = DIAL, /, **changed: str) -> CommandRecord:
    return record(headers_of({**ATTRIBUTES, **changed}), orjson.dumps(data))


def structured(data: object = DIAL, /, **changed: object) -> CommandRecord:
    return record([], orjson.dumps({**ATTRIBUTES, **changed, "data": data}))


def command(sent: CommandRecord) -> Command:
    read = read_command(sent)
    assert isinstance(read, Command), read
    return read


def refusal(sent: CommandRecord) -> Refusal:
    read = read_command(sent)
    assert isinstance(read, Refusal), read
    assert read.record == sent
    return read


def reason(sent: CommandRecord) -> Reason:
    return refusal(sent).reason
