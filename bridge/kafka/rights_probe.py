"""Asking the brokers what we may do, without doing any of it. Thin: `missing_rights` decides.

Of topics they tell what is allowed. Of groups and transactional ids they are asked for what cannot succeed: a heartbeat
of a member that is none, and the end of a transaction by a producer that is none. Whether topics may be created is seen
by a request that only validates.
"""

from collections.abc import Collection, Iterator
from typing import Final

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import (
    GroupAuthorizationFailedError,
    NoError,
    TopicAuthorizationFailedError,
    TransactionalIdAuthorizationFailed,
    for_code,
)
from aiokafka.protocol.group import HeartbeatRequest
from aiokafka.protocol.transaction import EndTxnRequest

from bridge.kafka.authorized_operations import NOT_TOLD, TopicsRequest
from bridge.kafka.client_options import ClientOptions, client_arguments
from bridge.kafka.client_start import start_client
from bridge.kafka.missing_rights import Looked, Question, missing_rights, questions
from bridge.kafka.rights import Operation, Right
from bridge.kafka.topic_timestamps import SETTING

REQUEST_TIMEOUT_MS: Final = 10_000
NUMBERS: Final[dict[Operation, int]] = {
    "Read": 3,
    "Write": 4,
    "Create": 5,
    "Describe": 8,
    "DescribeConfigs": 10,
    "AlterConfigs": 11,
}
# Kafka's, of operations.
NOBODY: Final = 2**63 - 1
# The last producer id that brokers would ever give out.


async def look_at_rights(options: ClientOptions, table: Collection[Right], topics: Collection[str]) -> Looked:
    """See which rights of the table these credentials lack. KafkaError, OSError, ValueError while Kafka is away.

    `topics` are those of the installation.
    """
    client = AIOKafkaAdminClient(**client_arguments(options), request_timeout_ms=REQUEST_TIMEOUT_MS)
    try:
        await start_client(client, client._client, options)  # noqa: SLF001 - the library shows it nowhere else
        return await _look(client, table, topics)
    finally:
        await client.close()


async def _look(client: AIOKafkaAdminClient, table: Collection[Right], topics: Collection[str]) -> Looked:
    asked = questions(table, topics)
    on_topics = [question for question in asked if question.resource == "topic"]
    operations = await _operations(client, sorted({question.name for question in on_topics}))
    answers = dict(_told(on_topics, operations))
    # Of a topic that may not be seen nothing else is told, but its settings may be seen all the same.
    hidden = sorted(name for name, told in operations.items() if not told)
    for name, allowed in (await _configs_shown(client, hidden)).items():
        answers[Question("topic", name, "DescribeConfigs")] = allowed
        if allowed:
            answers.pop(Question("topic", name, "AlterConfigs"), None)
    # The right to create may be one on the cluster as well, of which a topic's operations do not tell.
    creations = sorted(one.name for one in on_topics if one.operation == "Create" and not answers.get(one))
    for name, allowed in (await _creatable(client, creations)).items():
        answers[Question("topic", name, "Create")] = allowed
    for question in asked:
        if question.resource == "group":
            answers[question] = await _may_join(client, question.name)
        elif question.resource == "transactional-id":
            answers[question] = await _may_write_transactions(client, question.name)
    return Looked(missing_rights(table, answers), asked - answers.keys(), frozenset(hidden))


def _told(asked: Collection[Question], operations: dict[str, int]) -> Iterator[tuple[Question, bool]]:
    for question in asked:
        told = operations.get(question.name, NOT_TOLD)
        if told != NOT_TOLD:
            yield question, bool(told & 1 << NUMBERS[question.operation])


async def _operations(client: AIOKafkaAdminClient, names: list[str]) -> dict[str, int]:
    answer = await client._send_request(TopicsRequest(names))  # noqa: SLF001 - the library has no public way
    operations = {}
    for code, name, _, _, allowed in answer.topics:
        error = for_code(code)
        if error is TopicAuthorizationFailedError:
            operations[name] = 0
        elif error is NoError:
            operations[name] = allowed
    return operations


async def _configs_shown(client: AIOKafkaAdminClient, names: list[str]) -> dict[str, bool]:
    if not names:
        return {}
    resources = [ConfigResource(ConfigResourceType.TOPIC, name, {SETTING: None}) for name in names]
    return {
        name: for_code(code) is not TopicAuthorizationFailedError
        for answer in await client.describe_configs(resources)
        for code, _, _, name, _ in answer.resources
    }


async def _creatable(client: AIOKafkaAdminClient, names: list[str]) -> dict[str, bool]:
    if not names:
        return {}
    answer = await client.create_topics([NewTopic(name, 1, 1) for name in names], validate_only=True)
    return {name: for_code(code) is not TopicAuthorizationFailedError for name, code, _ in answer.topic_errors}


async def _may_join(client: AIOKafkaAdminClient, group: str) -> bool:
    answer = await client._send_request(HeartbeatRequest(group, 0, "nobody"))  # noqa: SLF001 - the library has no public way
    return for_code(answer.error_code) is not GroupAuthorizationFailedError


async def _may_write_transactions(client: AIOKafkaAdminClient, transactional_id: str) -> bool:
    request = EndTxnRequest(transactional_id, NOBODY, 0, False)  # noqa: FBT003 - the library's own order
    answer = await client._send_request(request)  # noqa: SLF001 - the library has no public way
    return for_code(answer.error_code) is not TransactionalIdAuthorizationFailed
