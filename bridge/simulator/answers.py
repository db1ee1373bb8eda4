"""The vendor's envelope. Pure."""

from dataclasses import dataclass
from http import HTTPStatus

import orjson

# Not published: the integrations that quote answers show the version of the path.
_VERSION = "v2"


@dataclass(frozen=True, slots=True)
class Answer:
    """What an operation says; `data` None = the envelope has none, `retry_after` in seconds, None = no such header."""

    status: int
    message: str = ""
    data: object = None
    retry_after: int | None = None

    def body(self, *, shown_status: int | None = None) -> bytes:
        """Return the envelope's bytes; `shown_status` stands in it instead of the real one."""
        status = self.status if shown_status is None else shown_status
        envelope: dict[str, object] = {
            "version": _VERSION,
            "status": "success" if status < 400 else "error",
            "statusCode": status,
            "message": self.message or HTTPStatus(status).phrase,
        }
        if self.data is not None:
            envelope["data"] = self.data
        return orjson.dumps(envelope)


def not_found() -> Answer:
    return Answer(404, "No items found")


def unprocessable(what: str) -> Answer:
    return Answer(422, f"Unprocessable Entity: {what}")
