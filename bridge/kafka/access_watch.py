"""What all Kafka clients of a service have in common: the credentials as they are now, and whether Kafka lets us in.

The library keeps the password and the TLS context with which a client was made, for all the connections it will ever
make. Here they are replaced in each living client when they have changed, so that its next connection takes the new
ones and no client has to be made anew.

When a client cannot begin, one task finds the cause by connections of its own, and goes on until Kafka lets us in: the
log has one line when that begins, one when the cause changes, and one at the end, however many clients are kept out.
"""

import asyncio
from collections.abc import Callable
from typing import Final
from weakref import WeakSet

import structlog
from aiokafka.client import AIOKafkaClient

from bridge.kafka.access_errors import same_cause
from bridge.kafka.access_probe import find_denial
from bridge.kafka.client_options import ClientOptions
from bridge.ops.clock import epoch_ms

log = structlog.get_logger(__name__)

LOOK_EVERY_S: Final = 2.0
# While we are kept out. Soon enough for whoever waits for the end of it; a broker logs each refused password.


class AccessWatch:
    """One for each service; `options` gives the credentials as they are now."""

    def __init__(self, options: Callable[[], ClientOptions]) -> None:
        self._options = options
        self._clients: WeakSet[AIOKafkaClient] = WeakSet()
        self._task: asyncio.Task[None] | None = None
        self._denial: str | None = None

    @property
    def denial(self) -> str | None:
        """Why Kafka does not let us in, as of the last look; None while nobody complains."""
        return self._denial

    def follow(self, client: object) -> None:
        """Renew this client's credentials from now on, for as long as it lives."""
        assert isinstance(client, AIOKafkaClient)
        self._clients.add(client)

    def renew(self) -> None:
        """Hand the credentials as they are now to all clients: they count for each connection that is made anew."""
        options = self._options()
        for client in self._clients:
            # The library reads them whenever it connects, and has no public way to set them.
            client._ssl_context = options.ssl_context  # noqa: SLF001 - see above
            client._sasl_plain_password = options.sasl_password  # noqa: SLF001 - see above

    def doubt(self) -> None:
        """Find out why a client could not begin, unless that is being done; returns at once."""
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._look(), name="kafka access")

    async def stop(self) -> None:
        """End what is under way."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})

    async def _look(self) -> None:
        while (denial := await self._find()) is not None:
            if not same_cause(denial, self._denial):
                log.warning("no connection to Kafka", reason=denial)
            self._denial = denial
            await asyncio.sleep(LOOK_EVERY_S)
        if self._denial is not None:
            self._denial = None
            log.info("connections to Kafka are made again")

    async def _find(self) -> str | None:
        try:
            return await find_denial(self._options(), epoch_ms())
        except ValueError as error:
            return str(error)
