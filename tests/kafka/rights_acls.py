"""Giving and taking rights on a broker whose authorizer is on, as an administrator does."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Any, NamedTuple, Self

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.protocol.admin import CreateAclsRequest_v1, DeleteAclsRequest_v1, DescribeAclsRequest
from aiokafka.protocol.api import Request
from typing_extensions import override

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


class _Creation(Request[CreateAclsRequest_v1]):  # type: ignore[misc]  # the library publishes no types
    """Several at once: the library's own takes one."""

    API_KEY = 30

    def __init__(self, given: Sequence[Acl]) -> None:
        self._given = given

    @override
    def build(self, request_struct_class: type[CreateAclsRequest_v1]) -> CreateAclsRequest_v1:
        return request_struct_class([acl.numbers for acl in self._given])


class _Deletion(Request[DeleteAclsRequest_v1]):  # type: ignore[misc]  # same
    API_KEY = 31

    def __init__(self, taken: Sequence[Acl]) -> None:
        self._taken = taken

    @override
    def build(self, request_struct_class: type[DeleteAclsRequest_v1]) -> DeleteAclsRequest_v1:
        return request_struct_class([acl.numbers for acl in self._taken])


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

    async def give(self, given: Sequence[Acl]) -> None:
        """Give rights, and return when the broker goes by them."""
        answer = await self._ask(_Creation(given))
        assert [code for code, _ in answer.creation_responses] == [0] * len(given), answer
        await self._until(given, there=True)

    async def take(self, taken: Sequence[Acl]) -> None:
        """Take rights away, and return when the broker goes by it."""
        answer = await self._ask(_Deletion(taken))
        assert [len(found) for _, _, found in answer.filter_responses] == [1] * len(taken), answer
        await self._until(taken, there=False)

    @asynccontextmanager
    async def without(self, *taken: Acl) -> AsyncIterator[None]:
        """Take rights away for a while."""
        await self.take(taken)
        try:
            yield
        finally:
            await self.give(taken)

    async def _until(self, changed: Sequence[Acl], *, there: bool) -> None:
        # The controller has them first, and the broker's authorizer a moment later; the last one comes last.
        async with asyncio.timeout(IN_FORCE_WITHIN_S):
            for acl in changed[-1:]:
                while await self._knows(acl) is not there:  # noqa: ASYNC110 - the broker tells nobody
                    await asyncio.sleep(0.01)

    async def _knows(self, acl: Acl) -> bool:
        answer = await self._ask(DescribeAclsRequest(*acl.numbers))
        assert answer.error_code == 0, answer
        return bool(answer.resources)

    async def _ask(self, request: Request) -> Any:
        return await self._client._send_request(request)
