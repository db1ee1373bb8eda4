"""One command to Kafka, and its result from there."""

import asyncio
from datetime import timedelta

from bridge.cli.progress import progress
from bridge.cli.send.request import Answer, Request
from bridge.events.cloudevents import NotACloudEvent, read_event
from bridge.kafka.client_options import ClientOptions
from bridge.kafka.reader import TopicReader
from bridge.kafka.single_publish import Stored, publish_once

ACKNOWLEDGED_WITHIN_S = 10.0
# A cluster that elects a leader needs some seconds; a command that waits longer is past its deadline soon.


class Exchange:
    """A command on its way. `stored` says where it is, from the moment on when that is known."""

    def __init__(self, client: ClientOptions, request: Request) -> None:
        self._client = client
        self._request = request
        self.stored: Stored | None = None

    async def publish(self) -> Stored:
        """Publish the command; raises what `publish_once` raises."""
        with progress(f"publishing to {self._request.record.topic}"):
            self.stored = await publish_once(self._client, self._request.record, ACKNOWLEDGED_WITHIN_S)
        return self.stored

    async def ask(self, results_topic: str, wait: timedelta) -> Answer | None:
        """Publish the command and return its result; None when none came within `wait` of its acknowledgement.

        Raises what `publish_once` and TopicReader raise; then nobody waits for a result.
        """
        async with TopicReader(self._client) as reader:
            # Before the command is out: its result may come before this process has connected once more.
            await reader.follow([results_topic], None)
            await self.publish()
            try:
                async with asyncio.timeout(wait.total_seconds()):
                    with progress(f"waiting for the result of {self._request.id}"):
                        return await self._answer(reader)
            except TimeoutError:
                return None

    async def _answer(self, reader: TopicReader) -> Answer | None:
        async for record in reader.records():
            try:
                event = read_event(record.headers, record.value)
            except NotACloudEvent:
                continue  # whatever somebody has written there, it answers nothing
            if (answer := self._request.answer(event)) is not None:
                return answer
        return None
