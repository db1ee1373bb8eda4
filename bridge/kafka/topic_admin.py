"""Reading, creating and correcting the topics of an installation. Thin: `topic_table` decides."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Self

import structlog
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import NoError, TopicAlreadyExistsError, for_code

from bridge.kafka.client_options import ClientOptions, client_arguments
from bridge.kafka.client_start import start_client
from bridge.kafka.incremental_alter_configs import IncrementalAlterConfigs
from bridge.kafka.topic_table import Correction, Finding, Plan, Topic, TopicOptions, plan, shard_topics, wanted_topics

log = structlog.get_logger(__name__)

REQUEST_TIMEOUT_MS = 15_000
# Creating some 25 topics of 3 replicas takes a busy cluster seconds.
IN_FORCE_WITHIN = 15.0
# Seconds until a broker should have heard what the controller has done.
IN_FORCE_EVERY = 0.1
# Seconds between two looks.


class TopicsNotManaged(Exception):
    """A broker refused to read, create or correct topics; the text names the topic, the error and its message."""


class TopicAdmin:
    """A connected admin client. Its methods raise KafkaError while Kafka is away, TopicsNotManaged when it refuses."""

    def __init__(self, client: AIOKafkaAdminClient) -> None:
        self._client = client

    @classmethod
    @asynccontextmanager
    async def connect(cls, options: ClientOptions) -> AsyncIterator[Self]:
        """Connect for a while; KafkaError when no broker answers."""
        client = AIOKafkaAdminClient(**client_arguments(options), request_timeout_ms=REQUEST_TIMEOUT_MS)
        try:
            await start_client(client, client._client, options)  # noqa: SLF001 - the library shows it nowhere else
            yield cls(client)
        finally:
            await client.close()

    async def read(self, names: Iterable[str]) -> Mapping[str, Topic]:
        """Read those of the topics that exist, each with all its settings in force."""
        wanted = set(names)
        # All topics are listed: asking by name creates a missing one on clusters that create topics by themselves.
        listed = {
            topic["topic"]: topic["partitions"] for topic in await self._client.describe_topics() if topic["partitions"]
        }
        present = sorted(wanted & listed.keys())
        settings = await self._settings(present) if present else {}
        return {
            name: Topic(
                name,
                partitions=len(listed[name]),
                replication_factor=len(listed[name][0]["replicas"]),
                settings=settings[name],
            )
            for name in present
        }

    async def _settings(self, names: list[str]) -> Mapping[str, Mapping[str, str]]:
        resources = [ConfigResource(ConfigResourceType.TOPIC, name) for name in names]
        settings = {}
        for answer in await self._client.describe_configs(resources):
            for code, message, _, name, entries in answer.resources:
                _raise_for(name, code, message)
                settings[name] = {entry[0]: entry[1] for entry in entries}
        return settings

    async def create(self, topics: Iterable[Topic]) -> None:
        """Create topics; one that another replica has created meanwhile is as good."""
        new = [
            NewTopic(topic.name, topic.partitions, topic.replication_factor, topic_configs=dict(topic.settings))
            for topic in topics
        ]
        if not new:
            return
        answer = await self._client.create_topics(new)
        for name, code, message in answer.topic_errors:
            if for_code(code) is not TopicAlreadyExistsError:
                _raise_for(name, code, message)

    async def correct(self, corrections: Iterable[Correction]) -> None:
        """Set single settings; all others of the topics stay as they are."""
        settings: dict[str, list[tuple[str, str]]] = defaultdict(list)
        for correction in corrections:
            settings[correction.topic].append((correction.setting, correction.wanted))
        if not settings:
            return
        answer = await self._client._send_request(IncrementalAlterConfigs(settings))  # noqa: SLF001 - no public way
        for code, message, _, name in answer.responses:
            _raise_for(name, code, message)


def _raise_for(topic: str, code: int, message: str | None) -> None:
    error = for_code(code)
    if error is not NoError:
        raise TopicsNotManaged(f"{topic}: {error.__name__}: {message or error.description}")


async def compare(client: ClientOptions, options: TopicOptions) -> Plan:
    """Compare the topics with the configuration, and change nothing. KafkaError while Kafka is away."""
    async with TopicAdmin.connect(client) as admin:
        return await _compare(admin, options)


async def apply(client: ClientOptions, options: TopicOptions) -> Plan:
    """Create what is missing and correct settings; gives the plan that was carried out, its findings not mended.

    KafkaError while Kafka is away, TopicsNotManaged when it refuses.
    """
    async with TopicAdmin.connect(client) as admin:
        todo = await _compare(admin, options)
        await admin.create(todo.create)
        await admin.correct(todo.correct)
        await _wait_until_in_force(admin, options, lambda left: not (left.create or left.correct))
        return todo


async def prepare(client: ClientOptions, options: TopicOptions, *, manage: bool) -> tuple[Finding, ...]:
    """See to the topics at a start: with `manage` create what is missing; correct nothing that exists.

    Gives everything that is not as configured, settings included; a fatal finding forbids the start. KafkaError while
    Kafka is away, TopicsNotManaged when it refuses: the caller tries again.
    """
    async with TopicAdmin.connect(client) as admin:
        todo = await _compare(admin, options)
        if manage and todo.create and not any(finding.fatal for finding in todo.findings):
            await admin.create(todo.create)
            log.info("topics were created", topics=[topic.name for topic in todo.create])
            # Looked at anew, since another replica with another configuration may have been first.
            todo = await _wait_until_in_force(admin, options, lambda left: not left.create)
    return (
        *todo.findings,
        *(Finding(topic.name, f"{topic.name} is missing: bridge topics apply creates it.") for topic in todo.create),
        *(
            Finding(
                correction.topic,
                f"{correction.topic} has {correction.setting}={correction.actual}, the configuration says "
                f"{correction.wanted}: bridge topics apply corrects it.",
            )
            for correction in todo.correct
        ),
    )


async def _wait_until_in_force(admin: TopicAdmin, options: TopicOptions, done: Callable[[Plan], bool]) -> Plan:
    """Compare until it is done: brokers follow the controller's word with some delay. TopicsNotManaged if not."""
    try:
        async with asyncio.timeout(IN_FORCE_WITHIN):
            while not done(left := await _compare(admin, options)):  # noqa: ASYNC110 - the broker tells nobody by itself
                await asyncio.sleep(IN_FORCE_EVERY)
    except TimeoutError as error:
        raise TopicsNotManaged(
            f"what was created or corrected does not show after {IN_FORCE_WITHIN:g} s: see that we may describe "
            f"topics that begin with {options.prefix}."
        ) from error
    return left


async def _compare(admin: TopicAdmin, options: TopicOptions) -> Plan:
    wanted = wanted_topics(options)
    actual = await admin.read(topic.name for topic in wanted)
    return plan(wanted, actual, shard_topics=shard_topics(options.prefix))
