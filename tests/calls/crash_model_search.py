"""Every world that can be reached, and the shortest way to one in which an invariant does not hold."""

import gc
from collections import Counter, defaultdict
from dataclasses import dataclass, field

from tests.calls.crash_model import Faults, Scenario, beginning
from tests.calls.crash_model_judge import Ending, endings, wrong_at_the_end, wrong_in
from tests.calls.crash_model_steps import GIVES_OTHER, steps


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

    @property
    def endings(self) -> set[tuple[Ending, ...]]:
        """How the commands can end."""
        return set().union(*self.endings_by_faults.values())

    @property
    def endings_after_all_faults(self) -> set[tuple[Ending, ...]]:
        """How they can end when everything that could go wrong has done so."""
        return self.endings_by_faults[Faults()]


def search(scenario: Scenario) -> Reached:
    """Go through every world, breadth first, so that a counter-example is as short as can be. Broken: there is one."""
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
    ahead = [first]
    while ahead:
        behind, ahead = ahead, []
        for world in behind:
            number, ended = worlds[world], True
            for name, after in steps(world, scenario):
                ended = False
                reached.steps += 1
                if " dies at " in name:
                    reached.kill_points[name.split(" dies at ")[1].split(",")[0]] += 1
                if after not in worlds:
                    worlds[after] = len(parents)
                    parents.append((number, name))
                    ahead.append(after)
                    if wrong := wrong_in(after, scenario):
                        raise Broken("\n".join([wrong, *_way(parents, worlds[after])]))
            if ended:
                reached.ends += 1
                reached.endings_by_faults[world.faults].add(tuple(endings(world, scenario)))
                if wrong := wrong_at_the_end(world, scenario):
                    raise Broken("\n".join([wrong, *_way(parents, number)]))
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
