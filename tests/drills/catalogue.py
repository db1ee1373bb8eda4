"""All drills: their stories, what each needs, and what is allowed in it beyond the contract's rules."""

from typing import NamedTuple

from tests.drills import rolling_pods, single_dials, under_load
from tests.drills.judge import Terms
from tests.drills.scene import USUAL, Ground, Quota, Scene
from tests.drills.single_dials import Story

TIGHT = Quota(40, 20.0)
# A window that is full within a drill, and longer than a death takes to be noticed, so that whoever takes over has to
# know of the calls before it.
LEAST_FULL = 36
# Of 40: some slots are kept for dials.
ROLLED_FULL = 90
# Of 100: polls and questions want all of it.
LEAST_OK = 0.25
# After a death the calls that were in flight keep their slots until nothing of them can arrive any more, up to 43 s,
# and dials wait for 30 s at the most.


class Drill(NamedTuple):
    """One drill. `doubtful`: it ends in a doubt that nobody observes, which takes minutes, so it begins early.

    `terms` are the drill's own share of what it is judged by; the scene knows the rest.
    """

    name: str
    story: Story
    connections: int = 2
    quota: Quota = USUAL
    doubtful: bool = False
    own_kafka: bool = False
    dead_link: bool = False
    terms: Terms = Terms()

    def scene(self, ground: Ground) -> Scene:
        return Scene(self.name, ground, connections=self.connections, quota=self.quota, dead_link=self.dead_link)


LONGEST_CALL_MS = 15_000
# Of a dial: after that it is given up, and nothing of it may arrive any more.


def drills() -> list[Drill]:
    """Give all drills, those first that take long."""
    kills = [Drill(f"kill-{at}", story, doubtful=at in {"k4", "k5"}) for at, story in single_dials.kills().items()]
    freezes = [
        Drill(f"freeze-{at}", story, doubtful=at == "k4", terms=Terms(frozen=True))
        for at, story in single_dials.freezes().items()
    ]
    load = [
        under_full_load("dead-link", under_load.dead_link, doubtful=True, dead_link=True),
        under_full_load("all-killed", under_load.all_killed, doubtful=True),
        under_full_load("kafka-away", under_load.kafka_away, doubtful=True, own_kafka=True),
        under_full_load("wrong-clocks", under_load.wrong_clocks, doubtful=True),
        under_full_load("visitor", under_load.visitor),
        under_full_load("rolling-restart", under_load.rolling_restart),
    ]
    rolling = [
        Drill("rolling-ingress", rolling_pods.roll_ingress, connections=1),
        Drill(
            "rolling-workers",
            rolling_pods.roll_workers,
            connections=3,
            terms=Terms(least_ok=LEAST_OK, least_full=ROLLED_FULL),
        ),
    ]
    others = [Drill("repeats", under_load.repeats), Drill("observed", under_load.observed)]
    return sorted([*load, *rolling, *kills, *freezes, *others], key=lambda drill: not drill.doubtful)


def under_full_load(
    name: str, story: Story, *, doubtful: bool = False, dead_link: bool = False, own_kafka: bool = False
) -> Drill:
    """Give a drill in which three connections want more than their quota allows."""
    return Drill(
        name,
        story,
        connections=3,
        quota=TIGHT,
        doubtful=doubtful,
        dead_link=dead_link,
        own_kafka=own_kafka,
        terms=Terms(least_ok=LEAST_OK, least_full=LEAST_FULL, under_way_ms=LONGEST_CALL_MS if dead_link else 0),
    )
