"""Whose turn it is to send to one topic."""

import asyncio
from unittest.mock import sentinel

import pytest

from bridge.kafka.producer_lane import Lane

OLD, NEW = sentinel.old, sentinel.new


@pytest.fixture
def lane() -> Lane:
    return Lane()


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def pass_through(lane: Lane, age: float, order: list[float]) -> None:
    if lane.idle:
        lane.idle = False
    else:
        await lane.turn(age)
    order.append(age)
    lane.pass_on()


@pytest.mark.asyncio
async def test_a_shut_lane_lets_nobody_in(lane: Lane) -> None:
    """There is no producer yet, or the topic is missing."""
    task = asyncio.create_task(pass_through(lane, 1, []))
    await settle()
    assert not lane.idle
    assert not task.done()
    task.cancel()


@pytest.mark.asyncio
async def test_those_who_wait_pass_by_age(lane: Lane) -> None:
    """Whoever comes back after a replacement has its old place, before those who came meanwhile."""
    order: list[float] = []
    tasks = [asyncio.create_task(pass_through(lane, age, order)) for age in (5, 6, 2, 3)]
    await settle()
    lane.open(OLD)
    await asyncio.gather(*tasks)
    assert order == [2, 3, 5, 6]
    assert lane.idle


@pytest.mark.asyncio
async def test_nobody_passes_those_who_wait(lane: Lane) -> None:
    """The lane is idle only when nobody waits, so a newcomer has to wait behind them."""
    order: list[float] = []
    first = asyncio.create_task(pass_through(lane, 1, order))
    await settle()
    lane.open(OLD)
    assert not lane.idle
    newcomer = asyncio.create_task(pass_through(lane, 2, order))
    await asyncio.gather(first, newcomer)
    assert order == [1, 2]


@pytest.mark.asyncio
async def test_a_turn_that_outlasts_a_replacement_is_waited_for(lane: Lane) -> None:
    """Its record enters the old producer or comes back; only then the next one goes."""
    lane.open(OLD)
    lane.idle = False
    lane.shut()
    lane.open(NEW)
    order: list[float] = []
    task = asyncio.create_task(pass_through(lane, 1, order))
    await settle()
    assert not order
    lane.pass_on()
    await task
    assert order == [1]


@pytest.mark.asyncio
async def test_a_turn_taken_while_the_lane_was_shut_ends_there(lane: Lane) -> None:
    """Passing on to a shut lane wakes nobody; opening does."""
    lane.open(OLD)
    lane.idle = False
    lane.shut()
    lane.pass_on()
    lane.open(NEW)
    assert lane.idle
    assert lane.producer is NEW


@pytest.mark.asyncio
async def test_a_turn_granted_just_before_the_lane_is_shut_waits_on(lane: Lane) -> None:
    """It never sends with a producer that is gone."""
    task = asyncio.create_task(lane.turn(1))
    await settle()
    lane.open(OLD)
    lane.shut()
    await settle()
    assert not task.done()
    lane.open(NEW)
    assert await task is NEW


@pytest.mark.asyncio
async def test_who_is_cancelled_with_the_turn_passes_it_on(lane: Lane) -> None:
    """Or the topic would be blocked for ever."""
    order: list[float] = []
    first = asyncio.create_task(pass_through(lane, 1, order))
    second = asyncio.create_task(pass_through(lane, 2, order))
    await settle()
    lane.open(OLD)
    first.cancel()
    await second
    assert order == [2]
    assert lane.idle


@pytest.mark.asyncio
async def test_those_who_gave_up_do_not_pile_up(lane: Lane) -> None:
    """In a long outage each publish waits and gives up, oldest first."""
    for age in range(200):
        task = asyncio.create_task(lane.turn(age))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert lane.waiting == 0
