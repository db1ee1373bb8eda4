"""An owner that dies at any step of registrations: the journal knows of all that the vendor may have."""

import asyncio
from dataclasses import dataclass
from typing import Literal

import pytest

from bridge.pbx.hook_keys import url_digest
from bridge.pbx.requests import RegisterWebhook, Request
from bridge.registration.plan import MOST
from tests.calls.journal_twin import CommitTimeout, Step
from tests.registration.scene import TWO, Scene, play
from tests.registration.vendor_twin import OwnerDied, VendorTwin

Point = Literal["written", "committed", "call", "answer"]
"""Of an append or of a call: before it counts, and after. `answer`: the vendor did it, nobody hears."""
TAKEN_OVER = 0.02
# Seconds: the deaths before are the take-over's, which has tests of its own.
APPENDS, CALLS = 12, 6
# Of a first start and a rotation of two events: two or three appends and one call for each of six changes.


@dataclass
class Death:
    """Strikes once: the `number`th time that the owner comes to a point."""

    scene: Scene
    point: Point
    number: int

    async def at_append(self, step: Step) -> None:
        if step.point == self.point and self.scene.now() > TAKEN_OVER:
            self.number -= 1
            if self.number == 0:
                raise CommitTimeout

    def at_call(self, _: Request) -> None:
        self.number -= 1
        if self.number == 0:
            raise OwnerDied


def let_people_call(scene: Scene, vendor: VendorTwin) -> None:
    """Let what exists bring an event, and the reconciliation find what nothing brought."""
    for registered in vendor.alive.values():
        key = registered.endpoint.rpartition("/")[2]
        scene.deliver(key.rpartition(".")[0])
    for event in set(TWO) - set(vendor.events()):
        scene.miss(event)


def check(scene: Scene, vendor: VendorTwin) -> None:
    """See that the journal knows of all that exists, and of no more than may."""
    known = {hook.value.address for hook in scene.hooks().values()}
    assert {url_digest(request.endpoint) for request in vendor.alive.values()} <= known, (
        "W1 is broken: one is not known"
    )
    assert len(known) <= MOST


@pytest.mark.parametrize(
    ("point", "number"),
    [
        *((point, number) for point in ("written", "committed") for number in range(1, APPENDS)),
        *((point, number) for point in ("call", "answer") for number in range(1, CALLS + 1)),
    ],
)
def test_a_crash_anywhere_leaves_nothing_that_the_journal_does_not_know(point: Point, number: int) -> None:
    """It dies in a first start or a rotation; then, by what comes and what lacks, each event gets its new URL.

    A crash costs one registration more at most.
    """

    async def story(scene: Scene, vendor: VendorTwin) -> None:
        death = Death(scene, point, number)
        if point == "call":
            vendor.before = death.at_call
        elif point == "answer":
            vendor.after = death.at_call
        else:
            scene.twin.at = death.at_append
        await scene.start()
        await asyncio.sleep(100)
        check(scene, vendor)
        scene.secret = b"another webhook secret"
        await asyncio.sleep(200)
        check(scene, vendor)
        for _ in range(4):
            let_people_call(scene, vendor)
            await asyncio.sleep(61)
        check(scene, vendor)
        assert len(scene.losses) == 1
        urls = {scene.url(name) for name in scene.hooks()}
        assert {request.event for request in vendor.alive.values() if request.endpoint in urls} == set(TWO)
        posts = sum(isinstance(request, RegisterWebhook) for request in vendor.requests)
        assert posts <= 2 * len(TWO) + 1
        assert vendor.most <= len(TWO) + 2

    play(story)
