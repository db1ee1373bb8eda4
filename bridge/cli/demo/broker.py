"""The demo's Kafka: started, and started again when somebody kills it to see what happens."""

import asyncio
from collections.abc import Callable

from bridge.kafka.local import LocalKafka, NoLocalKafka
from bridge.kafka.local.answers import answers

LOOK_EVERY_S = 0.5
BRING_BACK_AFTER_S = 8.0
# Long enough for whoever killed it to start it again; the PBX repeats its webhooks for longer.


class Attendant:
    """Watches the broker, says when it is gone and when it is back, and brings it back if nobody else does."""

    def __init__(self, kafka: LocalKafka, say: Callable[[str], None]) -> None:
        self._kafka = kafka
        self._say = say
        self._resting = asyncio.Lock()

    async def watch(self) -> None:
        """Watch until cancelled."""
        gone_for = 0.0
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            async with self._resting:
                if await answers(self._kafka.bootstrap):
                    if gone_for:
                        self._say(f"Kafka is back after {gone_for:.0f} s")
                    gone_for = 0.0
                    continue
                if not gone_for:
                    self._say("Kafka is gone: webhooks are answered 503 until it is back, and the PBX sends them again")
                gone_for += LOOK_EVERY_S
                if gone_for >= BRING_BACK_AFTER_S and self._kafka.how != "given":
                    await self._restart()

    async def outage(self, after_s: float, for_s: float) -> None:
        """Kill the broker -9 once, and start it again on the same data."""
        await asyncio.sleep(after_s)
        async with self._resting:
            self._say(f"killing Kafka -9 for {for_s:.0f} s: webhooks are answered 503, and the PBX sends them again")
            await self._kafka.kill()
            await asyncio.sleep(for_s)
            await self._restart()
        self._say("Kafka is back")

    async def _restart(self) -> None:
        try:
            await self._kafka.restart()
        except NoLocalKafka as error:
            self._say(str(error))
