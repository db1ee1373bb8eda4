"""The records that answer commands: results, resolutions, copies for the quarantine (contract, section 7). Pure."""

from collections.abc import Callable
from hashlib import sha256
from typing import Final
from urllib.parse import quote

import orjson

from bridge.calls.conclusions import Conclusion
from bridge.calls.dial_states import Resolution
from bridge.calls.orders import Reference
from bridge.commands.command import Refusal, ReturnAddress, address_of
from bridge.commands.command_record import fitting_headers
from bridge.commands.items import SHAPES, item_data, list_data
from bridge.commands.sentences import sentence
from bridge.events.command_catalogue import COMMAND_TYPES, RESOLVED_TYPE, RESULT_TYPE
from bridge.events.compact_json import compact_json
from bridge.events.envelope import dataschema
from bridge.events.ids import ID_HEX_DIGITS
from bridge.events.quarantine import quarantined_command
from bridge.events.records import Record
from bridge.events.result_models import Status
from bridge.events.times import receipt_text
from bridge.events.topics import results_topic
from bridge.pbx.numbers import ToE164
from bridge.pbx.responses import Done, Item, Registered, Rows, UnusableReason

_INCOMPLETE: Final = "incomplete"
# The code of a list of which some rows could not be understood: `ok`, but not the whole truth.


class ResultRecords:
    """Makes the records of one installation.

    `to_e164` gives what reads the numbers of a connection; one that is no longer configured has to have an answer, too.
    """

    __slots__ = ("_public_url", "_to_e164", "_topic", "_topic_prefix")

    def __init__(self, *, topic_prefix: str, public_url: str | None, to_e164: Callable[[str], ToE164]) -> None:
        self._topic_prefix = topic_prefix
        self._topic = results_topic(topic_prefix)
        self._public_url = public_url
        self._to_e164 = to_e164

    def result(self, reference: Reference, conclusion: Conclusion, sent_ms: int | None, finished_ms: int) -> Record:
        """Return the terminal result of a well-formed command; times are epoch milliseconds by the brokers' clock."""
        status, code, message, data = self._judged(reference, conclusion)
        return self._record(
            address_of(reference),
            RESULT_TYPE,
            "result",
            finished_ms,
            _result_data(
                status,
                code,
                message,
                reference.type,
                http_status=conclusion.http_status,
                data=data,
                attempts=conclusion.attempts,
                accepted_ms=reference.accepted_ms,
                sent_ms=sent_ms,
                finished_ms=finished_ms,
            ),
        )

    def resolved(self, reference: Reference, resolution: Resolution, resolved_ms: int) -> Record:
        """Return what follows the result of a dial in doubt."""
        data = orjson.dumps({"outcome": resolution.outcome, "call_id": resolution.call_id})
        return self._record(address_of(reference), RESOLVED_TYPE, "resolved", resolved_ms, data)

    def invalid(self, refusal: Refusal, finished_ms: int) -> Record | None:
        """Return the result of a record that is no command; None where no id can be read, so that nobody can wait."""
        if refusal.address is None:
            return None
        data = _result_data(
            Status.INVALID,
            refusal.reason,
            f"The command is wrong: {refusal.detail}.",
            refusal.address.type,
            finished_ms=finished_ms,
        )
        return self._record(refusal.address, RESULT_TYPE, "invalid", finished_ms, data)

    def quarantined(self, refusal: Refusal, id_: str) -> Record:
        """Return the copy of a record that is no command; `id_` is a new ULID."""
        record = refusal.record
        fitting = fitting_headers(record.headers)
        return quarantined_command(
            record.value or b"",
            record.headers[:fitting],
            id_=id_,
            reason=refusal.reason,
            detail=refusal.detail,
            connection=refusal.connection,
            received=receipt_text(record.appended_ms),
            topic=record.topic,
            partition=record.partition,
            offset=record.offset,
            dropped_headers=len(record.headers) - fitting,
            topic_prefix=self._topic_prefix,
        )

    def _judged(self, reference: Reference, conclusion: Conclusion) -> tuple[Status, str | None, str, bytes | None]:
        """Return status, code, sentence and data: the conclusion's own, but where nothing can be made of the answer."""
        status = Status(conclusion.status)
        match conclusion.answer:
            case None | Registered():
                return status, conclusion.code, sentence(conclusion), None
            case Done():
                return status, conclusion.code, "The vendor accepted the dial.", None
            case Item() as item:
                data = item_data(SHAPES[COMMAND_TYPES[reference.type]], item, self._to_e164(reference.connection))
                if data is None:
                    return Status.FAILED, UnusableReason.UNEXPECTED_DATA, "What the vendor returned lacks its id.", None
                return status, conclusion.code, "The vendor returned it.", data
            case Rows() as rows:
                listed = list_data(SHAPES[COMMAND_TYPES[reference.type]], rows, self._to_e164(reference.connection))
                message = f"The vendor listed {_counted(len(rows.rows))}."
                if listed.left_out:
                    message += f" Left out, since not understood: {_counted(listed.left_out)}."
                return status, _INCOMPLETE if listed.left_out else conclusion.code, message, listed.data

    def _record(self, address: ReturnAddress, type_: str, kind: str, time_ms: int, data: bytes) -> Record:
        identity = orjson.dumps([address.connection, address.source, address.id, kind])
        # A connection that was never checked may hold anything; a usable name stays as it is.
        source = "/connections" if address.connection is None else f"/connections/{quote(address.connection, safe='')}"
        attributes = (
            ("ce_specversion", "1.0"),
            ("ce_id", sha256(identity).hexdigest()[:ID_HEX_DIGITS]),
            ("ce_source", source),
            ("ce_type", type_),
            ("ce_subject", address.id),
            ("ce_time", receipt_text(time_ms)),
            ("ce_dataschema", dataschema(type_, self._public_url)),
            ("ce_commandid", address.id),
            ("ce_commandsource", address.source),
            ("ce_connection", address.connection),
            ("ce_correlationid", address.correlation_id),
            ("ce_traceparent", address.traceparent),
        )
        headers = [(name, text.encode()) for name, text in attributes if text is not None]
        headers.append(("content-type", b"application/json"))
        return Record(self._topic, address.id.encode(), data, headers)


def _counted(rows: int) -> str:
    return "1 lost caller" if rows == 1 else f"{rows} lost callers"


def _result_data(
    status: Status,
    code: str | None,
    message: str,
    command_type: str | None,
    *,
    http_status: int | None = None,
    data: bytes | None = None,
    attempts: int = 0,
    accepted_ms: int | None = None,
    sent_ms: int | None = None,
    finished_ms: int,
) -> bytes:
    return compact_json(
        {
            "status": status,
            "code": code,
            "message": message,
            "command_type": command_type,
            "http_status": http_status,
            "data": None if data is None else orjson.Fragment(data),
            "attempts": attempts,
            "accepted_time": None if accepted_ms is None else receipt_text(accepted_ms),
            "sent_time": None if sent_ms is None else receipt_text(sent_ms),
            "finished_time": receipt_text(finished_ms),
        }
    )
