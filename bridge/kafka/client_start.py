"""The start of every client of the library, and why it failed.

The library says "Unable to bootstrap" and keeps the cause to itself. A command of the command line gets a sentence for
its user; a service goes on trying, and its watch finds the cause out once for all of its clients.
"""

from typing import Protocol

from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaConnectionError
from typing_extensions import override

from bridge.kafka.access_errors import AccessDenied
from bridge.kafka.access_probe import find_denial
from bridge.kafka.client_close import close_at_once, closed_on_failure
from bridge.kafka.client_options import ClientOptions
from bridge.ops.clock import epoch_ms


class NoConnection(KafkaConnectionError):  # type: ignore[misc]  # the library publishes no types
    """A service's client could not begin: the line "no connection to Kafka" of the log says why."""

    @override
    def __str__(self) -> str:
        return "no connection to Kafka"


class Startable(Protocol):
    """A producer, consumer or admin client of the library."""

    async def start(self) -> None:
        """Connect."""


async def start_client(client: Startable, connections: AIOKafkaClient, options: ClientOptions) -> None:
    """Start a client made of these options; `connections` is what it connects by.

    KafkaError, OSError, ValueError when that fails. Where Kafka lets nobody in it is AccessDenied, with a sentence;
    with a watch it is NoConnection, and the sentence comes later, once for all clients.
    """
    close_at_once(connections)
    watch = options.watch
    if watch is not None:
        watch.follow(connections)
    try:
        with closed_on_failure():
            await client.start()
    except (KafkaConnectionError, OSError) as error:
        if watch is not None:
            watch.doubt()
            raise NoConnection from error
        if (sentence := await find_denial(options, epoch_ms())) is not None:
            raise AccessDenied(sentence) from error
        raise
