"""Every world that can be reached, and the shortest way to one in which an invariant does not hold."""

import gc
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from math import inf

from tests.calls.crash_model import Faults, Scenario, beginning
from tests.calls.crash_model_judge import Ending, endings, wrong_at_the_end, wrong_in
from tests.calls.crash_model_steps import GIVES_OTHER, steps

LOOK_ON = 20_000
# Worlds: about a second. What breaks one invariant mostly breaks others some steps later, and that helps to find it.


class Broken(AssertionError):
    """An invariant does not hold: the text names it, and the steps that lead there."""


@dataclass
class Reached:
    """What a search has seen."""

    worlds: int = 0
    steps: int = 0
    ends: int = 0
    kill_points: Counter[str] = field(default_factory=Counter)
    endings_by_faults: defaultdict[Faults, set[tuple[Ending, ...]]] = field(default_factory=lambda: defaultdict(set))

    def note(self, step: str) -> None:
        """Count a step."""
        self.steps += 1
        if " dies at " in step:
            self.kill_points[step.split(" dies at ")[1].split(",", maxsplit=1)[0]] += 1

    @property
    def endings(self) -> set[tuple[Ending, ...]]:
        """How the commands can end."""
        return set().union(*self.endings_by_faults.values())

    @property
    def endings_after_all_faults(self) -> set[tuple[Ending, ...]]:
        """How they can end when everything that could go wrong has done so."""
        return self.endings_by_faults[Faults()]


def search(scenario: Scenario) -> Reached:
    """Go through every world, breadth first, so that a counter-example is as short as can be.

    Broken: there is one. After the first it is looked on for a while, for one of each invariant.
    """
    collects = gc.isenabled()
    # A million of tuples that all stay: looking through them for garbage takes longer than the search.
    gc.disable()
    try:
        return _search(scenario)
    finally:
        if collects:
            gc.enable()


def _search(scenario: Scenario) -> Reached:
    first = beginning(scenario)
    worlds, parents, reached = {first: 0}, [(-1, "in the beginning")], Reached()
    found: dict[str, list[str]] = {}
    most = inf
    ahead = [first]
    while ahead:
        behind, ahead = ahead, []
        for world in behind:
            number, ended = worlds[world], True
            for name, after in steps(world, scenario):
                ended = False
                reached.note(name)
                if after not in worlds:
                    worlds[after] = len(parents)
                    parents.append((number, name))
                    ahead.append(after)
                    for wrong in wrong_in(after, scenario):
                        found.setdefault(wrong[:2], [wrong, *_way(parents, worlds[after])])
            if ended:
                reached.ends += 1
                reached.endings_by_faults[world.faults].add(tuple(endings(world, scenario)))
                for wrong in wrong_at_the_end(world, scenario):
                    found.setdefault(wrong[:2], [wrong, *_way(parents, number)])
            if found and len(worlds) > (most := min(most, len(worlds) + LOOK_ON)):
                raise Broken("\n\n".join(map("\n".join, found.values())))
    if found:
        raise Broken("\n\n".join(map("\n".join, found.values())))
    reached.worlds = len(worlds)
    return reached


def _way(parents: list[tuple[int, str]], number: int) -> list[str]:
    way: list[str] = []
    while number >= 0:
        number, name = parents[number]
        way.append(name)
    names, told = ("worker A", "worker B"), list[str]()
    for step, name in enumerate(reversed(way)):
        told.append(f"  {step}. {name.format(*names)}")
        if name == GIVES_OTHER:
            names = names[::-1]
    return told
