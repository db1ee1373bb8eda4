"""A vendor that accepts and does not read, until it is told to: what reaches it then had left before."""

import socket
import ssl
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Event

from bridge.pbx.client import Account

_WINDOW = 4096
# Bytes the vendor's kernel takes, doubled by Linux: so that nearly all of a large request stays on our side.
_PATIENCE_S = 10.0


@dataclass(frozen=True)
class Reached:
    """How many bytes there were to read in the end, and whether they ended in a reset."""

    bytes_read: int
    reset: bool


class DeafVendor:
    """Takes one connection. `reached()` lets it read to the end."""

    def __init__(self, listener: socket.socket, tls: ssl.SSLContext | None) -> None:
        self._listener, self._tls = listener, tls
        self._may_read = Event()
        self.result: Future[Reached]
        scheme = "http" if tls is None else "https"
        self.account = Account(f"{scheme}://127.0.0.1:{listener.getsockname()[1]}/api/v2", lambda: b"key")

    def reached(self) -> Reached:
        self._may_read.set()
        return self.result.result(_PATIENCE_S)

    def give_up(self) -> None:
        self._may_read.set()

    def serve(self) -> Reached:
        if self._tls is None:
            # Accepted as late as it is read: a vendor under load.
            self._may_read.wait(_PATIENCE_S)
            return _drain(self._listener.accept()[0])
        secure = self._tls.wrap_socket(self._listener.accept()[0], server_side=True)
        # What is beneath counts: TLS would show whole records alone, and no reset in the middle of one.
        beneath = socket.socket(fileno=secure.detach())
        self._may_read.wait(_PATIENCE_S)
        return _drain(beneath)


def _drain(connection: socket.socket) -> Reached:
    count = 0
    with connection:
        connection.settimeout(_PATIENCE_S)
        try:
            while chunk := connection.recv(65536):
                count += len(chunk)
        except ConnectionResetError:
            return Reached(count, reset=True)
    return Reached(count, reset=False)


@contextmanager
def deaf_vendor(tls: ssl.SSLContext | None = None) -> Iterator[DeafVendor]:
    with ThreadPoolExecutor(1) as thread, socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _WINDOW)
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        listener.settimeout(_PATIENCE_S)
        vendor = DeafVendor(listener, tls)
        vendor.result = thread.submit(vendor.serve)
        try:
            yield vendor
        finally:
            vendor.give_up()
