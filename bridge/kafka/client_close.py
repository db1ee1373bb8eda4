"""The end of a client's connections: at once, whatever the other end does.

Over TLS a polite end waits for the brokers': they hold a fetch for half a second before they look, and where its answer
comes in between, uvloop waits for its longest time, 30 s. Nothing is lost by an impolite one: the library has flushed,
left its group and heard the answers to both before it closes the connections.
"""

from aiokafka.client import AIOKafkaClient


def close_at_once(client: AIOKafkaClient) -> None:
    """Let this client cut its connections when it is stopped."""
    polite = client.close

    async def close() -> None:
        for connection in client._conns.values():  # noqa: SLF001 - the library shows its connections nowhere
            if (writer := connection._writer) is not None:  # noqa: SLF001 - as above
                writer.transport.abort()
        await polite()

    client.close = close
