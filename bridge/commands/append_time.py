"""Whether the command topic stamps records with the brokers' time, which a command's deadline counts from.

The setting is looked at for as long as the worker runs, since anybody with the right can change it. While it is wrong
the worker is not ready, and what came without the brokers' time waits: it has no deadline.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Final

import structlog

from bridge.kafka.topic_timestamps import BY_THE_BROKERS, SETTING, SettingUnknown

log = structlog.get_logger(__name__)

UNKNOWN_LOOK_S: Final = 1.0
# While there is no topic or no answer: at a start both are about to come, and the first commands wait.
WRONG_LOOK_S: Final = 10.0
# While it is wrong: how soon a correction is noticed.
RIGHT_LOOK_S: Final = 60.0
# While it is right. Each look asks the cluster for all its topics.


class AppendTime:
    """What is known of the setting. `look` returns it, None where there is no such topic, or raises SettingUnknown."""

    def __init__(self, look: Callable[[], Awaitable[str | None]], topic: str) -> None:
        self._look = look
        self._topic = topic
        self._problem: str | None = f"{SETTING} of {topic} is not known yet"
        self._known = False
        self._right = asyncio.Event()
        self._wrong = asyncio.Event()
        self.looking = asyncio.Lock()
        """Held while there is a look."""

    def problem(self) -> str | None:
        """Say what is wrong and what to do; None while the setting is right."""
        return self._problem

    async def keep(self) -> None:
        """Look again and again; ends only when cancelled."""
        while True:
            if await self.look():
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(RIGHT_LOOK_S):
                        # Somebody else's look may find it wrong meanwhile.
                        await self._wrong.wait()
            else:
                await asyncio.sleep(WRONG_LOOK_S if self._known else UNKNOWN_LOOK_S)

    async def look(self) -> bool:
        """Look now, and tell whether it is right."""
        async with self.looking:
            found = await self._found()
            if found != self._problem:
                if found:
                    log.warning("commands cannot be timed", problem=found)
                else:
                    log.info("commands are timed by the brokers")
            self._problem = found
            now, before = (self._wrong, self._right) if found else (self._right, self._wrong)
            before.clear()
            now.set()
            return not found

    async def right(self) -> None:
        """Return once it was right at the last look."""
        await self._right.wait()

    async def _found(self) -> str | None:
        try:
            setting = await self._look()
        except SettingUnknown as unknown:
            # What is known is not doubted for that: each record says by itself who has stamped it.
            return self._problem if self._known else f"{SETTING} of {self._topic} cannot be read: {unknown}"
        self._known = setting is not None
        if setting is None:
            return f"{self._topic} does not exist: bridge topics apply creates it."
        if setting != BY_THE_BROKERS:
            return (
                f"{self._topic} has {SETTING}={setting}, so that its commands have no deadline: "
                f"it must be {BY_THE_BROKERS}, bridge topics apply corrects it."
            )
        return None
