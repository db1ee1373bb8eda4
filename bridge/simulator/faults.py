"""The switches at work: which are on, how likely, and how often still. Pure.

A switch strikes when it is on, is meant for what happens, has strikes left, and its probability is drawn.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from random import Random

from bridge.simulator.switches import Fault, FaultName
from bridge.simulator.targets import check_setting


class Faults:
    """The switches. `struck` counts how often each has struck, for ever."""

    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self._on: dict[FaultName, Fault] = {}
        self.struck: Counter[FaultName] = Counter()

    def set(self, name: FaultName, fault: Fault | None = None) -> None:
        """Switch on, instead of how it was set before; without a `fault` for everything and always.

        Raises ValueError for what could never strike.
        """
        setting = fault or Fault()
        check_setting(name, setting)
        self._on[name] = setting

    def clear(self, name: FaultName | None = None) -> None:
        """Switch off, without a name all."""
        if name is None:
            self._on.clear()
        else:
            self._on.pop(name, None)

    def __iter__(self) -> Iterator[tuple[FaultName, Fault]]:
        """Give those that are on."""
        return iter(tuple(self._on.items()))

    def strike(self, name: FaultName, key: str, what: str, fields: Iterable[str] = ()) -> Fault | None:
        """Return how the switch is set if it strikes `what`, an event or operation of the account, None if not.

        `fields` are those that there are to strike at.
        """
        fault = self._on.get(name)
        if fault is None or (fault.on and what not in fault.on) or (fault.keys and key not in fault.keys):
            return None
        if fault.fields and fault.fields.isdisjoint(fields):
            return None
        if fault.times == 0 or (fault.probability < 1.0 and self._rng.random() >= fault.probability):
            return None
        if fault.times is not None:
            self._on[name] = replace(fault, times=fault.times - 1)
        self.struck[name] += 1
        return fault

    def choose(self, candidates: tuple[str, ...]) -> str:
        """Draw one of the candidates."""
        return self._rng.choice(candidates)
