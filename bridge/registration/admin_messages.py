"""What the command line asks of a connection's owner, and what it is answered: records of two topics. Pure.

Both are CloudEvents in binary mode, with JSON in the value. They are the bridge's own: another release may change them,
so whoever reads one that it does not understand passes it over, and whoever asked is told that nobody answered.
"""

from collections.abc import Iterable
from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Final, Literal

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bridge.events.cloudevents import NotACloudEvent, ReceivedEvent, read_event
from bridge.events.records import Record
from bridge.events.times import receipt_text
from bridge.events.topics import admin_results_topic, admin_topic
from bridge.registration.hook_state import HookState, StepLine

LONGEST_ATTRIBUTE: Final = 256
# As in commands.
_MOST_BYTES: Final = 65_536
LONGEST_PAUSE: Final = timedelta(hours=1)
# An installation that is taken away is gone long before; one that stays shall not be without webhooks for longer.
ANSWER_TYPE: Final = "pbx.admin.answer.v1"
_CONTENT_TYPE: Final = ("content-type", b"application/json")


class AdminKind(StrEnum):
    """What can be asked for; the value stands in the type."""

    HOOKS_LIST = "hooks-list"
    HOOKS_PLAN = "hooks-plan"
    HOOKS_APPLY = "hooks-apply"
    HOOKS_ADOPT = "hooks-adopt"
    HOOKS_REMOVE = "hooks-remove"
    PROBE = "probe"


class _Message(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)


class Asked(_Message):
    """The data of a request. `hooks` are `<EventName>.<generation>`; `webhook_id` is the vendor's, to adopt.

    `pause_s`: so long nothing is registered by itself after all were removed.
    """

    hooks: Annotated[tuple[str, ...], Field(max_length=100)] = ()
    every: bool = False
    pause_s: Annotated[float, Field(ge=0, le=LONGEST_PAUSE.total_seconds())] = 0.0
    webhook_id: Annotated[int, Field(ge=0, lt=2**63)] | None = None


class AdminRequest(_Message):
    """A request; `id` and `source` come back in the answer."""

    kind: AdminKind
    id: Annotated[str, Field(min_length=1, max_length=LONGEST_ATTRIBUTE)]
    source: Annotated[str, Field(min_length=1, max_length=LONGEST_ATTRIBUTE)]
    connection: Annotated[str, Field(min_length=1, max_length=LONGEST_ATTRIBUTE)]
    asked: Asked = Asked()


class KeyAnswer(_Message):
    """What a probe of the connection's key found; `lacking` and `not_probed` are the vendor's methods."""

    key: Literal["accepted", "refused", "no_answer"]
    lacking: tuple[str, ...]
    not_probed: tuple[str, ...]
    detail: str | None = None


class AdminAnswer(_Message):
    """An answer. `refused`: nothing was done, and `sentence` says why; `failed`: not all of it was done."""

    status: Literal["ok", "refused", "failed"]
    sentence: str | None = None
    hooks: HookState | None = None
    done: tuple[StepLine, ...] = ()
    key: KeyAnswer | None = None


def request_record(prefix: str, request: AdminRequest) -> Record:
    """Give the record that asks."""
    headers = [
        ("ce_specversion", b"1.0"),
        ("ce_id", request.id.encode()),
        ("ce_source", request.source.encode()),
        ("ce_type", f"pbx.admin.{request.kind}.v1".encode()),
        ("ce_connection", request.connection.encode()),
        _CONTENT_TYPE,
    ]
    value = request.asked.model_dump_json().encode()
    return Record(admin_topic(prefix), request.connection.encode(), value, headers)


def read_request(headers: Iterable[tuple[str, bytes]], value: bytes | None) -> AdminRequest | None:
    """Read what is asked; None when it is nothing that this release knows."""
    if value is not None and len(value) > _MOST_BYTES:
        return None
    try:
        event = read_event(headers, value)
        return AdminRequest.model_validate(
            {
                "kind": event.type.removeprefix("pbx.admin.").removesuffix(".v1"),
                "id": event.id,
                "source": event.attributes["source"],
                "connection": event.attributes.get("connection"),
                "asked": orjson.loads(event.data),
            }
        )
    except (NotACloudEvent, ValidationError):
        return None


def answer_record(prefix: str, request: AdminRequest, answer: AdminAnswer, id_: str, now_ms: int) -> Record:
    """Give the record that answers; `id_` is its own."""
    headers = [
        ("ce_specversion", b"1.0"),
        ("ce_id", id_.encode()),
        ("ce_source", f"/connections/{request.connection}".encode()),
        ("ce_type", ANSWER_TYPE.encode()),
        ("ce_time", receipt_text(now_ms).encode()),
        ("ce_connection", request.connection.encode()),
        ("ce_requestid", request.id.encode()),
        ("ce_requestsource", request.source.encode()),
        _CONTENT_TYPE,
    ]
    return Record(admin_results_topic(prefix), request.id.encode(), answer.model_dump_json().encode(), headers)


def read_answer(event: ReceivedEvent, request: AdminRequest) -> AdminAnswer | None:
    """Read an event as the answer to a request; None when it is not."""
    attributes = event.attributes
    whose = (attributes.get("requestid"), attributes.get("requestsource"), attributes.get("connection"))
    if event.type != ANSWER_TYPE or whose != (request.id, request.source, request.connection):
        return None
    try:
        return AdminAnswer.model_validate_json(event.data)
    except ValidationError:
        return None  # of another release, or of nobody
