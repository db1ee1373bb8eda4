"""When the setting of the command topic's clock is looked at, and what is said of it."""

import asyncio
from collections.abc import Iterator
from contextlib import suppress

import pytest

from bridge.commands import append_time
from bridge.commands.append_time import AppendTime
from bridge.kafka.topic_timestamps import SettingUnknown

TOPIC = "pbx.commands.v1"
WRONG = (
    "pbx.commands.v1 has message.timestamp.type=CreateTime, so that its commands have no deadline: "
    "it must be LogAppendTime, bridge topics apply corrects it."
)


class Cluster:
    """Answers with what is set, and counts."""

    def __init__(self, setting: str | SettingUnknown | None) -> None:
        self.setting = setting
        self.looks = 0

    async def look(self) -> str | None:
        self.looks += 1
        if isinstance(self.setting, SettingUnknown):
            raise self.setting
        return self.setting


def watched(setting: str | SettingUnknown | None) -> tuple[Cluster, AppendTime]:
    cluster = Cluster(setting)
    return cluster, AppendTime(cluster.look, TOPIC)


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("setting", "problem"),
    [
        ("LogAppendTime", None),
        ("CreateTime", WRONG),
        (None, "pbx.commands.v1 does not exist: bridge topics apply creates it."),
        (SettingUnknown("no answer"), "message.timestamp.type of pbx.commands.v1 cannot be read: no answer"),
    ],
    ids=["right", "wrong", "missing", "unknown"],
)
async def test_each_state_has_its_sentence(setting: str | SettingUnknown | None, problem: str | None) -> None:
    """It says what to do; only the right setting has none."""
    _, clock = watched(setting)
    assert clock.problem() == "message.timestamp.type of pbx.commands.v1 is not known yet"
    assert await clock.look() is (problem is None)
    assert clock.problem() == problem


@pytest.mark.asyncio
@pytest.mark.parametrize(("setting", "problem"), [("LogAppendTime", None), ("CreateTime", WRONG)])
async def test_what_is_known_outlives_an_outage(setting: str, problem: str | None) -> None:
    """A look that fails changes nothing."""
    cluster, clock = watched(setting)
    await clock.look()
    cluster.setting = SettingUnknown("no answer")
    assert await clock.look() is (problem is None)
    assert clock.problem() == problem


@pytest.mark.asyncio
async def test_whoever_waits_goes_on_once_it_is_right() -> None:
    """And waits anew once it is wrong again."""
    cluster, clock = watched("CreateTime")
    waiting = asyncio.create_task(clock.right())
    await clock.look()
    await asyncio.sleep(0)
    assert not waiting.done()
    cluster.setting = "LogAppendTime"
    await clock.look()
    await waiting
    cluster.setting = "CreateTime"
    await clock.look()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0):
            await clock.right()


@pytest.fixture(params=[("LogAppendTime", "RIGHT_LOOK_S"), ("CreateTime", "WRONG_LOOK_S"), (None, "UNKNOWN_LOOK_S")])
def state(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str | None]:
    """Let time pass in one state alone: in the others the next look would be in an hour."""
    setting, waits = request.param
    for name in ("RIGHT_LOOK_S", "WRONG_LOOK_S", "UNKNOWN_LOOK_S"):
        monkeypatch.setattr(append_time, name, 0.001 if name == waits else 3_600.0)
    return setting  # type: ignore[no-any-return]  # a parameter has no type


@pytest.mark.asyncio
async def test_it_is_looked_at_again_in_every_state(state: str | None) -> None:
    """Each state has a rhythm of its own."""
    cluster, clock = watched(state)
    keeping = asyncio.create_task(clock.keep())
    async with asyncio.timeout(5):
        while cluster.looks < 3:  # noqa: ASYNC110 - the rhythm is the matter
            await asyncio.sleep(0.001)
    keeping.cancel()
    with suppress(asyncio.CancelledError):
        await keeping


@pytest.mark.asyncio
async def test_what_another_look_has_found_wrong_is_watched(monkeypatch: pytest.MonkeyPatch) -> None:
    """The long wait of the right state ends with it."""
    monkeypatch.setattr(append_time, "WRONG_LOOK_S", 0.001)
    cluster, clock = watched("LogAppendTime")
    keeping = asyncio.create_task(clock.keep())
    await clock.right()
    cluster.setting = "CreateTime"
    await clock.look()
    cluster.setting = "LogAppendTime"
    async with asyncio.timeout(5):
        await clock.right()
    keeping.cancel()
    with suppress(asyncio.CancelledError):
        await keeping
