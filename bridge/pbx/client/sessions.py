"""The library's sessions with everything switched off that would let more, less or something else leave."""

import socket
import ssl
import struct

from aiohttp import ClientSession, ClientTimeout, DummyCookieJar, TCPConnector, ThreadedResolver
from aiohttp.connector import AddrInfoType

from bridge.pbx.client.departure import VendorRequest

USER_TIMEOUT_MS = 15_000
"""How long the kernel repeats what is not acknowledged: as long as the longest call."""

_LINGER_0 = struct.pack("ii", 1, 0)
_KEEP_ALIVE_S = 15.0
# Far below the minute or more after which servers close an idle connection, which would cost a call its answer.


def open_session(tls: ssl.SSLContext | None, *, keep_alive: bool) -> ClientSession:
    connector = TCPConnector(
        ssl=tls or True,
        limit=0,  # how many calls are in flight is the limiter's business; waiting here would count as connecting
        force_close=not keep_alive,
        keepalive_timeout=_KEEP_ALIVE_S if keep_alive else None,
        resolver=ThreadedResolver(),
        socket_factory=_socket,
    )
    session = ClientSession(
        connector=connector,
        auto_decompress=False,  # the library takes a body that was cut for a whole one
        cookie_jar=DummyCookieJar(),
        request_class=VendorRequest,
        timeout=ClientTimeout(total=None),
        trust_env=False,
    )
    session._retry_connection = False  # noqa: SLF001 - the only switch against GET and DELETE being sent twice
    return session


def _socket(address: AddrInfoType) -> socket.socket:
    family, kind, protocol, _, _ = address
    made = socket.socket(family, kind, protocol)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_0)
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, USER_TIMEOUT_MS)
    return made
