"""Who owns which shard: one, two and three members on a real broker, joining and leaving."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
import pytest_asyncio

from bridge.kafka import group_assignment, group_consumer
from bridge.kafka.group_member import GroupMember, NotOurs
from bridge.kafka.local import LocalKafka
from tests.kafka.groups import Group, until
from tests.kafka.journals import nothing_left_behind

MakeGroup = Callable[..., Awaitable[Group]]
EVERYTHING = frozenset(range(12))


@pytest_asyncio.fixture
async def make_group(kafka: LocalKafka) -> AsyncIterator[MakeGroup]:
    groups: list[Group] = []

    async def make(partitions: int = 12) -> Group:
        group = Group(kafka.bootstrap, partitions)
        await group.create()
        groups.append(group)
        return group

    async with nothing_left_behind():
        yield make
        await asyncio.gather(*(member.stop() for group in groups for member in group.members))


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let members hear of a rebalance ten times as soon."""
    monkeypatch.setattr(group_consumer, "HEARTBEAT_INTERVAL_MS", 200)


def member_id(member: GroupMember) -> str:
    assert member._consumer is not None
    return member._consumer.membership.member


async def not_theirs(member: GroupMember) -> bool:
    """Whether no partition at all is confirmed to a member."""
    answers = await asyncio.gather(*map(member.confirm, range(12)), return_exceptions=True)
    return {type(answer) for answer in answers} == {NotOurs}


@pytest.mark.asyncio
async def test_one_two_and_three_members_share_all_partitions(make_group: MakeGroup, quick: None) -> None:
    """Each partition is one member's, the shares are equal, and each member may confirm its own alone."""
    group = await make_group()
    first, owner = group.join()
    assert first.problem() == "has not joined its group yet"
    assert first.assignment == frozenset()
    assert await group.settled(first) == [EVERYTHING]
    second, _ = group.join()
    assert {len(share) for share in await group.settled(first, second)} == {6}
    third, _ = group.join()
    shares = await group.settled(first, second, third)
    assert {len(share) for share in shares} == {4}
    for member in (first, second, third):
        answers = await asyncio.gather(*map(member.confirm, range(12)), return_exceptions=True)
        confirmed = {number for number, answer in enumerate(answers) if not isinstance(answer, NotOurs)}
        assert confirmed == member.assignment
    assert owner.words == ["assigned", "revoking", "revoked", "assigned", "revoking", "revoked", "assigned"]
    assert [len(said.partitions) for said in owner.said] == [12, 12, 12, 6, 6, 6, 4]


@pytest.mark.asyncio
async def test_a_partition_changes_hands_only_when_it_was_given_up(make_group: MakeGroup, quick: None) -> None:
    """Giving up longer than a session lasts does not expel, and until it is done nobody else may confirm."""
    group = await make_group()
    old, owner = group.join()
    await group.settled(old)
    was = member_id(old)
    owner.give_up = asyncio.Event()
    new, successor = group.join()
    await until(lambda: owner.words[-1] == "revoking")
    for _ in range(5):
        await asyncio.sleep(1.3)
        assert await not_theirs(old), "nothing is taken over any more"
        assert await not_theirs(new)
        assert old.assignment == frozenset()
        assert old.problem() is None, "a rebalance is no reason to be unready"
    assert await old.commit(dict.fromkeys(EVERYTHING, 0)), "what was finished can be committed"
    owner.give_up.set()
    shares = await group.settled(old, new)
    assert {len(share) for share in shares} == {6}
    assert member_id(old) == was
    assert owner.last("revoked").at <= successor.last("assigned").at
    assert await not_theirs(old) is False
    assert await not_theirs(new) is False


@pytest.mark.asyncio
async def test_whoever_does_not_give_up_in_time_is_cut_short(
    make_group: MakeGroup, quick: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The group must not wait for an owner that hangs, or fails: it is cancelled, and the partition changes hands."""
    monkeypatch.setattr(group_assignment, "HAND_BACK_WITHIN_S", 0.3)
    group = await make_group()
    old, owner = group.join()
    await group.settled(old)
    owner.give_up = asyncio.Event()
    new, successor = group.join()
    await group.settled(old, new)
    assert owner.words == ["assigned", "revoking", "assigned"], "revoked never came to its end"
    owner.give_up = None

    def fail() -> None:
        raise RuntimeError("an owner's fault")

    successor.on_revoked = fail
    await new.stop()
    await group.settled(old)


@pytest.mark.asyncio
async def test_a_member_without_partitions_is_a_stand_by(make_group: MakeGroup, quick: None) -> None:
    """It is told so, has no problem, does not spin, and takes over when another leaves."""
    group = await make_group(2)
    members = [group.join() for _ in range(3)]
    await group.settled(*(member for member, _ in members))
    await until(lambda: all(owner.words[-1:] == ["assigned"] for _, owner in members))
    ((idle, owner),) = [one for one in members if not one[0].assignment]
    assert idle.problem() is None
    assert owner.last("assigned").partitions == frozenset()
    assert await turns(idle, 0.6) < 6
    assert await not_theirs(idle)
    working = [member for member, _ in members if member is not idle]
    await working[0].stop()
    await group.settled(idle, working[1])
    assert idle.assignment


@pytest.mark.asyncio
async def test_paused_partitions_cost_nothing(make_group: MakeGroup) -> None:
    """From assignment until they are resumed all are paused; with records waiting the fetch loop does not spin."""
    group = await make_group()
    await group.write(3, 100)
    member, _ = group.join()
    await group.settled(member)
    assert member._consumer is not None
    assert len(member._consumer._consumer.paused()) == 12
    await asyncio.sleep(0.2)
    assert await turns(member, 0.6) < 6


async def turns(member: GroupMember, seconds: float) -> int:
    """Count how often the fetch loop turns."""
    consumer = member._consumer
    assert consumer is not None
    fetch, count = consumer.fetch, 0

    async def counted() -> object:
        nonlocal count
        count += 1
        return await fetch()

    consumer.fetch = counted  # type: ignore[method-assign,assignment]  # a test's eye
    await asyncio.sleep(seconds)
    consumer.fetch = fetch  # type: ignore[method-assign]  # the same
    return count


@pytest.mark.asyncio
async def test_a_member_that_stops_leaves_at_once(make_group: MakeGroup, monkeypatch: pytest.MonkeyPatch) -> None:
    """It gives up first, then leaves, so that the others take over at their next heartbeat and not by its session."""
    group = await make_group()
    with monkeypatch.context() as quick:
        quick.setattr(group_consumer, "HEARTBEAT_INTERVAL_MS", 200)
        leaver, owner = group.join()
        await group.settled(leaver)
    stayer, successor = group.join()
    await group.settled(leaver, stayer)
    began = asyncio.get_running_loop().time()
    await leaver.stop()
    took = asyncio.get_running_loop().time() - began
    assert took < 0.5
    assert leaver.problem() == "stopped"
    assert leaver.assignment == frozenset()
    assert owner.words[-2:] == ["revoking", "revoked"]
    assert not await leaver.commit({0: 0})
    await group.settled(stayer)
    assert successor.last("assigned").at - began < group_consumer.HEARTBEAT_INTERVAL_MS / 1000 + 0.5
    await leaver.stop()
    never = group.join()[0]
    await never.stop()
    assert never.problem() == "stopped"
