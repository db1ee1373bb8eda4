"""What the vendor's payloads are described with: fields, our names for them, and the shape of one payload. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import NamedTuple

from bridge.events.catalogue import EventName
from bridge.pbx.values import Reader, read_id, read_integer, read_nothing, read_number, read_text, read_time

_OUR_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "callID": "call_id",
        "contactID": "contact_id",
        "previous_contactID": "previous_contact_id",
        "groupID": "group_id",
        "recordingID": "recording_id",
        "voicemailID": "voicemail_id",
        "voicemailBoxID": "voicemail_box_id",
        "clientID": "client_id",
        "callerid": "caller",
        "current_callerid": "current_caller_id",
        "callStarted": "call_started",
        "callConnected": "call_connected",
        "callEnded": "call_ended",
        "connectionTime": "connection_time",
        "recordingURL": "recording_url",
        "messageURL": "message_url",
        "boxName": "name",
        "voicemailBoxName": "voicemail_box_name",
        "firstname": "first_name",
        "lastname": "last_name",
    }
)
# Every other field keeps the vendor's name.


class PayloadField(NamedTuple):
    """One field of a payload.

    `e164` is the name of the normalised number beside it. `inner` is the shape of each object where the field is a
    list of objects; `read` is not asked then.
    """

    vendor: str
    ours: str
    read: Reader
    e164: str | None = None
    inner: "tuple[PayloadField, ...] | None" = None


def ids(*vendor: str) -> tuple[PayloadField, ...]:
    """Return fields that are ids, under the vendor's names."""
    return tuple(PayloadField(name, _OUR_NAMES.get(name, name), read_id) for name in vendor)


def integers(*vendor: str) -> tuple[PayloadField, ...]:
    """Return fields that are plain integers, such as a status or a number of seconds, under the vendor's names."""
    return tuple(PayloadField(name, _OUR_NAMES.get(name, name), read_integer) for name in vendor)


def texts(*vendor: str) -> tuple[PayloadField, ...]:
    """Return fields that are texts, under the vendor's names."""
    return tuple(PayloadField(name, _OUR_NAMES.get(name, name), read_text) for name in vendor)


def times(*vendor: str) -> tuple[PayloadField, ...]:
    """Return fields that are times, under the vendor's names."""
    return tuple(PayloadField(name, _OUR_NAMES.get(name, name), read_time) for name in vendor)


def numbers(*vendor: str) -> tuple[PayloadField, ...]:
    """Return fields that are telephone numbers, each with its normalised form beside it, under the vendor's names."""
    ours = ((name, _OUR_NAMES.get(name, name)) for name in vendor)
    return tuple(PayloadField(name, our_name, read_number, f"{our_name}_e164") for name, our_name in ours)


def objects(vendor: str, inner: tuple[PayloadField, ...]) -> tuple[PayloadField, ...]:
    """Return a field that is a list of objects."""
    return (PayloadField(vendor, _OUR_NAMES.get(vendor, vendor), read_nothing, inner=inner),)


@dataclass(frozen=True, slots=True)
class Payload:
    """The shape of one kind of payload.

    `subject_parts` are the names (ours) of what stands behind the subject's prefix, `key` the names of the id's key
    fields (None: the event has no derived id), `time` the names of the fields that say when it happened, first choice
    first. `may_lack` are the vendor's names of what only some payloads have: a missed call has no `callConnected`, and
    of an event with two sources each has its own. `vendor_names` are those of all fields and `expected_names` those of
    which a lack says that the vendor has changed something, made once.
    """

    event: EventName
    fields: tuple[PayloadField, ...]
    subject_prefix: str
    subject_parts: tuple[str, ...]
    key: tuple[str, ...] | None
    time: tuple[str, ...]
    may_lack: tuple[str, ...] = ()
    vendor_names: frozenset[str] = field(init=False)
    expected_names: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        """Make the sets that every payload is compared with."""
        object.__setattr__(self, "vendor_names", frozenset(field.vendor for field in self.fields))
        object.__setattr__(self, "expected_names", self.vendor_names.difference(self.may_lack))
