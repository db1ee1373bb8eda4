"""A member in a process of its own, which a test may freeze.

Run as a module with a bootstrap address, a topic and a group. It reads `confirm N` and `stop` by lines; and says in
lines of JSON what its owner is told, and what was answered.
"""

import asyncio
import json
import sys

from typing_extensions import override

from bridge.kafka import group_consumer
from bridge.kafka.client_options import ClientOptions
from bridge.kafka.group_member import GroupAway, GroupMember, NotOurs, Ownership


def say(what: str, **fields: object) -> None:
    """Write a line."""
    sys.stdout.write(json.dumps({"what": what, **fields}) + "\n")
    sys.stdout.flush()


class Owner(Ownership):
    """Says what it is told."""

    @override
    def assigned(self, partitions: frozenset[int]) -> None:
        say("assigned", partitions=sorted(partitions))

    @override
    async def revoked(self, partitions: frozenset[int]) -> None:
        say("revoked", partitions=sorted(partitions))


async def run(bootstrap: str, topic: str, group: str) -> None:
    """Be a member until told to stop."""
    # It hears of rebalances at once, and loses its session no sooner.
    group_consumer.HEARTBEAT_INTERVAL_MS = 200
    member = GroupMember(lambda: ClientOptions(bootstrap), topic=topic, group=group, ownership=Owner())
    member.start()
    lines = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    while (words := (await lines.readline()).decode().split()) and words[0] == "confirm":
        believed = sorted(member.assignment)
        try:
            await member.confirm(int(words[1]))
        except (NotOurs, GroupAway) as error:
            say("answer", answer=type(error).__name__, believed=believed)
        else:
            say("answer", answer="Confirmed", believed=believed)
    await member.stop()


if __name__ == "__main__":
    asyncio.run(run(*sys.argv[1:]))
