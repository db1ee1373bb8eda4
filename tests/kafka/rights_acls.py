"""Giving and taking rights on a broker whose authorizer is on, as an administrator does."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any, NamedTuple, Self

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.protocol.admin import CreateAclsRequest, DeleteAclsRequest, DescribeAclsRequest
from aiokafka.protocol.api import Request

from bridge.kafka.rights import Operation, Pattern, Resource, Right, Target

RESOURCES: dict[Resource, int] = {"topic": 2, "group": 3, "transactional-id": 5}
PATTERNS: dict[Pattern, int] = {"literal": 3, "prefixed": 4}
OPERATIONS: dict[Operation, int] = {
    "Read": 3,
    "Write": 4,
    "Create": 5,
    "Describe": 8,
    "DescribeConfigs": 10,
    "AlterConfigs": 11,
}
ANY, ALLOW = 1, 3
# Kafka's numbers.
IN_FORCE_WITHIN_S = 10.0


class Acl(NamedTuple):
    """One right of one user."""

    user: str
    target: Target
    operation: Operation

    @property
    def numbers(self) -> tuple[int, str, int, str, str, int, int]:
        """The arguments of the client library's requests."""
        target = self.target
        return (
            RESOURCES[target.resource],
            target.name,
            PATTERNS[target.pattern],
            f"User:{self.user}",
            "*",
            OPERATIONS[self.operation],
            ALLOW,
        )


def acls(user: str, table: Iterable[Right]) -> list[Acl]:
    """Give each operation of a table by itself."""
    return [Acl(user, right.target, operation) for right in table for operation in right.operations]


class Administrator:
    """Whoever may give rights."""

    def __init__(self, client: AIOKafkaAdminClient) -> None:
        self._client = client

    @classmethod
    @asynccontextmanager
    async def of(cls, bootstrap: str) -> AsyncIterator[Self]:
        """Connect for a while."""
        client = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
        await client.start()
        try:
            yield cls(client)
        finally:
            await client.close()

    async def give(self, given: Iterable[Acl]) -> None:
        """Give rights, and return when the broker goes by them."""
        for acl in given:
            answer = await self._ask(CreateAclsRequest(*acl.numbers))
            assert [code for code, _ in answer.creation_responses] == [0], answer
        await self._until(given, there=True)

    async def take(self, taken: Iterable[Acl]) -> None:
        """Take rights away, and return when the broker goes by it."""
        for acl in taken:
            answer = await self._ask(DeleteAclsRequest(*acl.numbers))
            assert [len(found) for _, _, found in answer.filter_responses] == [1], answer
        await self._until(taken, there=False)

    @asynccontextmanager
    async def without(self, acl: Acl) -> AsyncIterator[None]:
        """Take a right away for a while."""
        await self.take([acl])
        try:
            yield
        finally:
            await self.give([acl])

    async def _until(self, changed: Iterable[Acl], *, there: bool) -> None:
        # The controller has it first, and the broker's authorizer a moment later.
        async with asyncio.timeout(IN_FORCE_WITHIN_S):
            for acl in changed:
                while await self._knows(acl) is not there:  # noqa: ASYNC110 - the broker tells nobody
                    await asyncio.sleep(0.01)

    async def _knows(self, acl: Acl) -> bool:
        answer = await self._ask(DescribeAclsRequest(*acl.numbers))
        assert answer.error_code == 0, answer
        return bool(answer.resources)

    async def _ask(self, request: Request) -> Any:
        return await self._client._send_request(request)
