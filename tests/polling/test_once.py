"""C1: each listed item once for read_committed readers, and the cursor agrees with the items, whatever breaks."""

import asyncio
from random import Random

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from bridge.calls.journal import JournalAway
from bridge.pbx.requests import Collection
from bridge.pbx.responses import Lost, LostReason, Outcome, Unusable, UnusableReason
from tests.calls.journal_twin import CommitTimeout, Step
from tests.polling.model_vendor import Noted, call, contact
from tests.polling.scene import Scene, play, repeated, settings_of

CALLS, CONTACTS = Collection.CALL_HISTORY, Collection.CONTACTS
LASTS = 1_800.0
# Seconds of a story in which everything happens; then it is quiet for as long as a late row may take after that.
QUIET = 1_500.0


class Weather:
    """Draws what breaks: a step of the journal in so many, a request in so many, rows that go, other owners."""

    def __init__(self, scene: Scene, random: Random, crash: float, fail: float) -> None:
        self.scene, self.random, self.crash, self.fail = scene, random, crash, fail
        self.apart: list[tuple[int, int]] = []

    async def step(self, step: Step) -> None:
        """Stand at a step of the journal: compare, and maybe die."""
        if self.scene.now() < LASTS and self.random.random() < self.crash:
            # What the real journal makes of a process's or a broker's end; a commit may have been done all the same.
            raise JournalAway("away") if step.point in {"opening", "opened"} else CommitTimeout
        for collection in (CALLS, CONTACTS):
            highest, cursor = max(self.scene.ids(collection), default=0), self.scene.cursor(collection) or 0
            if highest != cursor:
                self.apart.append((highest, cursor))

    def answer(self, noted: Noted) -> Outcome | None:
        """Fail a request, maybe."""
        if noted.at >= LASTS or self.random.random() >= self.fail:
            return None
        lost = self.random.random() < 0.5
        return Lost(LostReason.TIMEOUT, "") if lost else Unusable(500, UnusableReason.SERVER_ERROR)

    async def change_owners(self, times: int) -> None:
        """Give the shard to the other worker now and then; the one before is not always told."""
        for number in range(times):
            await asyncio.sleep(LASTS / (times + 1))
            worker, other = ("b", "a") if number % 2 == 0 else ("a", "b")
            if self.random.random() < 0.5:
                await self.scene.owners[other].revoked(frozenset({0}))
            await self.scene.owners[worker].revoked(frozenset({0}))
            self.scene.give_to(worker)


# A smaller seed is no simpler story, so nothing is shrunk.
@settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    phases=[Phase.reuse, Phase.generate],
)
@given(
    seed=st.integers(0, 2**32),
    page=st.sampled_from([3, 10, 500]),
    crash=st.sampled_from([0.0, 0.02, 0.1]),
    fail=st.sampled_from([0.0, 0.1]),
    changes=st.integers(0, 3),
)
def test_each_item_is_published_once(seed: int, page: int, crash: float, fail: float, changes: int) -> None:
    """Rows appear late and in any order, and go while they are paged; processes die at any step of the journal."""
    random = Random(seed)
    there_to_stay: set[int] = set()

    async def story(scene: Scene) -> None:
        weather = Weather(scene, random, crash, fail)
        scene.vendor.page, scene.vendor.failing, scene.at = page, weather.answer, weather.step
        scene.vendor.latency = lambda: random.choice([0.1, 0.5, 3.0])
        calls = []
        for number in range(random.randrange(80)):
            began = random.uniform(-1_000, LASTS - 10)
            stays = random.random() < 0.8
            appears = began + random.choice([0, 1, 30, 700]) * random.random()
            if appears > LASTS:
                continue
            vanishes = appears + random.uniform(0, 200)
            row = call(int(2_000 + began) * 100 + number, began, appears)
            calls.append(row if stays else row._replace(vanishes=vanishes))
            if stays:
                there_to_stay.add(row.id)
        pace = random.choice([0.0, 1.0, 55.0])
        contacts = [contact(number, number * pace) for number in range(1, random.randrange(2, 40))]
        scene.vendor.lists = {CALLS: calls, CONTACTS: contacts}
        changing = asyncio.create_task(weather.change_owners(changes))
        await asyncio.sleep(LASTS + QUIET)
        await changing
        assert weather.apart == [], "C1 is broken: the cursor is not where the items are"

    scene = play(story, settings_of(CALLS, CONTACTS, start="oldest"), random=random)
    assert repeated(scene.ids(CALLS)) == repeated(scene.ids(CONTACTS)) == [], "C1 is broken: published again"
    assert there_to_stay <= set(scene.ids(CALLS))
    assert set(scene.ids(CONTACTS)) == {row.id for row in scene.vendor.lists[CONTACTS]}
