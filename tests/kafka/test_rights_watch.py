"""The watch over our rights by itself, without a broker."""

import asyncio
from collections.abc import Collection

import pytest
from aiokafka.errors import KafkaConnectionError

from bridge.kafka import rights_watch
from bridge.kafka.client_options import ClientOptions
from bridge.kafka.missing_rights import Looked, MissingRight
from bridge.kafka.rights import Right, Target
from bridge.kafka.rights_watch import RightsWatch

MISSING = MissingRight(Target("group", "pbx.router", "literal"), "Read", "Shares the commands.")


@pytest.mark.parametrize("error", [KafkaConnectionError(), OSError(), AttributeError("nodeId"), AssertionError()])
@pytest.mark.asyncio
async def test_no_failed_look_ends_the_looking(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    """The library fails in many ways; what is known of our rights stays until a look succeeds."""
    answers: list[Looked | Exception] = [error, Looked((MISSING,)), error, Looked(())]
    seen: list[str | None] = []

    async def look(_client: ClientOptions, _table: Collection[Right], _topics: Collection[str]) -> Looked:
        seen.append(watch.problem())
        if not answers:
            await asyncio.Event().wait()
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(rights_watch, "look_at_rights", look)
    monkeypatch.setattr(rights_watch, "LOOK_SOON_S", 0)
    monkeypatch.setattr(rights_watch, "LOOK_EVERY_S", 0)
    watch = RightsWatch((), (), lambda: ClientOptions("a:1"))
    watch.start()
    async with asyncio.timeout(5):
        while len(seen) < 5:  # noqa: ASYNC110 - it tells nobody
            await asyncio.sleep(0)
    await watch.stop()
    missing = "missing: Read on group pbx.router"
    assert seen == [None, None, missing, missing, None]
