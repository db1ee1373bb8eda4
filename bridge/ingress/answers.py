"""The answers of the webhook port: the contract's table of statuses, one function a row."""

from aiohttp import web
from multidict import CIMultiDict, CIMultiDictProxy

_JSON = CIMultiDictProxy(CIMultiDict({"Content-Type": "application/json"}))
KAFKA_RETRY_AFTER_S = 5
# Long enough for a broker's fail-over to end, short enough that a patient sender loses no time.
BUSY_RETRY_AFTER_S = 1


def accepted(id_: str) -> web.Response:
    """202: Kafka has the event."""
    return web.Response(status=202, headers=_JSON, body=b'{"id":"%b"}' % id_.encode())


def quarantined(id_: str, reason: str) -> web.Response:
    """202: Kafka has the raw body in the quarantine topic."""
    return web.Response(
        status=202, headers=_JSON, body=b'{"id":"%b","quarantined":"%b"}' % (id_.encode(), reason.encode())
    )


def not_found() -> web.Response:
    """404: unknown connection or wrong key, and which of them it is stays unsaid."""
    return _error(404, "not found")


def forbidden() -> web.Response:
    """403: the source address is not allowed."""
    return _error(403, "source address not allowed")


def method_not_allowed() -> web.Response:
    """405: not a POST."""
    return _error(405, "use POST", {"Allow": "POST"})


def undecodable() -> web.Response:
    """400: the body does not decompress, or its transfer broke."""
    return _closing(_error(400, "body cannot be decoded"))


def body_timeout() -> web.Response:
    """408: the body was not complete in time."""
    return _closing(_error(408, "body not complete in time"))


def too_large() -> web.Response:
    """413: the body is larger than the limit."""
    return _closing(_error(413, "body too large"))


def unsupported_encoding() -> web.Response:
    """415: an unknown Content-Encoding."""
    return _closing(_error(415, "use gzip, deflate or no Content-Encoding"))


def busy() -> web.Response:
    """503: more requests at once than are allowed."""
    return _error(503, "too many requests in flight", {"Retry-After": str(BUSY_RETRY_AFTER_S)})


def not_acknowledged() -> web.Response:
    """503: Kafka did not acknowledge in time; whether it has the record is unknown."""
    return _error(503, "not stored, send again", {"Retry-After": str(KAFKA_RETRY_AFTER_S)})


def stopping() -> web.Response:
    """503: this replica is shutting down."""
    return _closing(_error(503, "shutting down", {"Retry-After": str(BUSY_RETRY_AFTER_S)}))


def unread(request: web.BaseRequest, response: web.Response) -> web.Response:
    """Close the connection behind an answer whose request has a body that nobody will read."""
    return response if request.content.is_eof() else _closing(response)


def _error(status: int, sentence: str, headers: dict[str, str] | None = None) -> web.Response:
    response = web.Response(status=status, headers=_JSON, body=b'{"error":"%b"}' % sentence.encode())
    if headers is not None:
        response.headers.update(headers)
    return response


def _closing(response: web.Response) -> web.Response:
    response.force_close()
    return response
