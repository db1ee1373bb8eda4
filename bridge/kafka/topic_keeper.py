"""Seeing to the topics when a process starts, however long Kafka stays away."""

import asyncio
from collections.abc import Callable

import stamina
import structlog
from aiokafka.errors import KafkaError

from bridge.kafka.client_options import ClientOptions
from bridge.kafka.topic_admin import TopicsNotManaged, prepare
from bridge.kafka.topic_table import Finding, TopicOptions

RETRY_WAIT_MAX_S = 5.0
# Between two tries while Kafka is away: soon enough after its return, and cheap for days.

FINDINGS_SHOWN = 5
# One cause mostly shows in all topics alike; `bridge topics plan` shows the rest.

log = structlog.get_logger(__name__)


class TopicKeeper:
    """Creates what is missing (with `manage`), or checks, in the background, until it has succeeded once.

    `options` is called for each try, so changed credentials are taken up.
    """

    def __init__(self, topics: TopicOptions, options: Callable[[], ClientOptions], *, manage: bool) -> None:
        self._topics = topics
        self._options = options
        self._manage = manage
        self._task: asyncio.Task[None] | None = None
        self._failing = False
        self.refusal: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        """Done with a sentence when the process must not go on: the topics are another installation's."""

    def start(self) -> None:
        """Begin; returns at once."""
        self._task = asyncio.create_task(self._keep())

    async def stop(self) -> None:
        """End what is under way."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
        self.refusal.cancel()

    async def _keep(self) -> None:
        retries = stamina.retry_context(
            (KafkaError, TopicsNotManaged, OSError, ValueError), attempts=None, timeout=None, wait_max=RETRY_WAIT_MAX_S
        )
        async for attempt in retries:
            with attempt:
                findings = await self._look()
        if self._failing:
            log.info("topics looked at")
        if findings:
            sentences = [finding.sentence for finding in findings[:FINDINGS_SHOWN]]
            log.warning("topics are not as configured", count=len(findings), findings=sentences)
        fatal = next((finding for finding in findings if finding.fatal), None)
        if fatal is not None:
            self.refusal.set_result(fatal.sentence)

    async def _look(self) -> tuple[Finding, ...]:
        try:
            return await prepare(self._options(), self._topics, manage=self._manage)
        except Exception as error:
            if not self._failing:
                self._failing = True
                log.warning("topics cannot be looked at yet", error=f"{type(error).__name__}: {error}")
            raise
