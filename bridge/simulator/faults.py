"""The switches that make the vendor nasty: which are on, how likely, and how often still. Pure.

A switch strikes when it is on, is meant for what happens, has strikes left, and its probability is drawn.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from random import Random
from typing import Literal, get_args

FaultName = Literal[
    # Webhooks; meant for the names of events.
    "webhook_dropped",
    "webhook_doubled",
    "webhook_late",
    "webhook_out_of_order",
    "webhook_one_hook",
    "hook_forgotten",
    "event_unknown",
    "event_alias",
    # Fields of webhooks and of rows; meant for the names of events and operations.
    "field_null",
    "field_missing",
    "field_empty",
    "field_retyped",
    "field_unknown",
    # What the lists say; meant for operations.
    "row_deleted",
    "row_added",
    "history_other_contact",
    "dial_without_call",
    # Requests and their answers; meant for operations.
    "request_late",
    "answer_slow",
    "answer_hanging",
    "answer_cut",
    "answer_429",
    "answer_500",
    "answer_503",
    "answer_html",
    "envelope_mismatch",
    "reset_before",
    "reset_after",
    "keepalive_closed",
]

FAULTS: tuple[FaultName, ...] = get_args(FaultName)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """How a switch is set.

    `times` = strikes left, None = for ever. `on` = the event names and operation ids that it is meant for, `keys` the
    accounts, `fields` the fields of data; each empty = all. `seconds` = how late, how slow, or for how long, None = the
    switch's own default. `processed` = whether the request is carried out although its answer is bad, None = the
    switch's own default.
    """

    probability: float = 1.0
    times: int | None = None
    on: frozenset[str] = frozenset()
    keys: frozenset[str] = frozenset()
    fields: frozenset[str] = frozenset()
    seconds: float | None = None
    processed: bool | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot strike."""
        if not 0.0 <= self.probability <= 1.0:
            raise ValueError("probability is 0 to 1")
        if self.times is not None and self.times < 0:
            raise ValueError("times is at least 0")
        if self.seconds is not None and self.seconds < 0:
            raise ValueError("seconds is at least 0")


class Faults:
    """The switches. `struck` counts how often each has struck, for ever."""

    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self._on: dict[FaultName, Fault] = {}
        self.struck: Counter[FaultName] = Counter()

    def set(self, name: FaultName, fault: Fault | None = None) -> None:
        """Switch on, instead of how it was set before; without a `fault` for everything and always."""
        self._on[name] = fault or Fault()

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
