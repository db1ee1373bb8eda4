"""Whose turn it is to hand a record of one topic to the producer: the oldest one's.

The client library's `send()` may have to wait for room, and does not keep the order of those who wait. A lane lets one
in at a time, so records of one topic enter their batches in the order in which their publishes began. It is shut while
there is no producer or the topic is not there; those who come back after a replacement keep their old place.
"""

import asyncio
import heapq
from itertools import count

from aiokafka import AIOKafkaProducer


class Lane:
    """The turn to send to one topic.

    `idle` and `producer` are public for the sake of the hot path alone: a caller that finds `idle` true sets it to
    false and has the turn; else it awaits `turn()`. Whoever has the turn sends, then calls `pass_on()` in any case.
    """

    def __init__(self) -> None:
        self.idle = False
        self.producer: AIOKafkaProducer | None = None
        self._held_while_shut = False
        self._waiting: list[tuple[float, int, asyncio.Future[None]]] = []
        self._tie = count()

    @property
    def waiting(self) -> int:
        """How many wait for the turn."""
        return len(self._waiting)

    async def turn(self, age: float) -> AIOKafkaProducer:
        """Wait for the turn and the producer to send with; of those who wait the smallest `age` comes first."""
        while True:
            turn = asyncio.get_running_loop().create_future()
            heapq.heappush(self._waiting, (age, next(self._tie), turn))
            try:
                await turn
            except asyncio.CancelledError:
                if turn.done() and not turn.cancelled():
                    self.pass_on()
                # The oldest give up first, so this keeps the heap as small as the number of those who still wait.
                while self._waiting and self._waiting[0][2].done():
                    heapq.heappop(self._waiting)
                raise
            if self.producer is not None:
                return self.producer
            # Shut between the turn's grant and this step.
            self.pass_on()

    def pass_on(self) -> None:
        """Give the turn back: to the oldest who waits, or to whoever comes."""
        if self.producer is None:
            self._held_while_shut = False
            return
        while self._waiting:
            _, _, turn = heapq.heappop(self._waiting)
            if not turn.done():
                turn.set_result(None)
                return
        self.idle = True

    def open(self, producer: AIOKafkaProducer) -> None:
        """Let records pass to this producer, once a turn that began before it was shut has ended."""
        if self.producer is not None:
            return
        self.producer = producer
        if self._held_while_shut:
            self._held_while_shut = False
            return
        self.pass_on()

    def shut(self) -> None:
        """Let nobody in from now on. Who has the turn already is not disturbed."""
        if self.producer is None:
            return
        self._held_while_shut = not self.idle
        self.producer = None
        self.idle = False
