"""The end of a client's connections: at once, whatever the other end does, and none is forgotten.

Over TLS a polite end waits for the brokers': they hold a fetch for half a second before they look, and where its answer
comes in between, uvloop waits for its longest time, 30 s. Nothing is lost by an impolite one: the library has flushed,
left its group and heard the answers to both before it closes the connections.

The library forgets two kinds: the first one of a client that is cancelled while it begins, as by a time limit, and one
that was being made when its client was stopped. They would stay open until Python finds them unused, and says so.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any
from weakref import WeakSet

from aiokafka.client import AIOKafkaClient
from aiokafka.conn import AIOKafkaConnection
from typing_extensions import override

_made: ContextVar[WeakSet[AIOKafkaConnection] | None] = ContextVar("connections of a beginning client", default=None)


def remember(connection: AIOKafkaConnection) -> None:
    """Know of a connection that is being made, if a client is beginning."""
    made = _made.get()
    if made is not None:
        made.add(connection)


@contextmanager
def closed_on_failure() -> Iterator[None]:
    """Close what a client has connected when its beginning fails or is cancelled."""
    made = WeakSet[AIOKafkaConnection]()
    token = _made.set(made)
    try:
        yield
    except BaseException:
        for connection in made:
            connection.close()
        raise
    finally:
        _made.reset(token)


def close_at_once(client: AIOKafkaClient) -> None:
    """Let this client cut its connections when it is stopped."""
    polite = client.close

    async def close() -> None:
        for connection in client._conns.values():  # noqa: SLF001 - the library shows its connections nowhere
            if (writer := connection._writer) is not None:  # noqa: SLF001 - as above
                writer.transport.abort()
        await polite()
        client._conns = _Closed()  # noqa: SLF001 - as above

    client.close = close


class _Closed(dict[Any, AIOKafkaConnection]):
    """Where a stopped client puts a connection that comes too late."""

    @override
    def __setitem__(self, key: object, connection: AIOKafkaConnection) -> None:
        super().__setitem__(key, connection)
        connection.close()
