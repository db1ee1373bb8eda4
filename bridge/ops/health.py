"""Liveness and readiness of one process. Pure: the clock comes in as an argument."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

HEARTBEAT_S = 1.0
# Often enough to see a loop that stalls for seconds, too rare to cost anything.
DEAD_AFTER_S = 60.0
# A loop that has not turned for a minute will not turn again by itself; a slow disk or a paused host is back by then.


class Condition(NamedTuple):
    """One thing that must hold for the process to be ready, and the sentence that says what is wrong when not."""

    name: str
    problem: Callable[[], str | None]


class Health:
    """What the probes ask. The heartbeat is beaten by the event loop; `now` is its monotonic clock, in seconds."""

    def __init__(self, now: float) -> None:
        self._last_beat = now
        self._lag_s = 0.0
        self._conditions: list[Condition] = []
        self._warnings: list[Condition] = []
        self._stopping = False

    def require(self, name: str, problem: Callable[[], str | None]) -> None:
        """Be ready only while `problem` answers None."""
        self._conditions.append(Condition(name, problem))

    def warn(self, name: str, problem: Callable[[], str | None]) -> None:
        """Tell of a problem that does not make the process unready, while `problem` answers one."""
        self._warnings.append(Condition(name, problem))

    def begin_stop(self) -> None:
        """Be not ready from now on, and alive all the same."""
        self._stopping = True

    def beat(self, now: float) -> None:
        """Note that the event loop has turned."""
        self._lag_s = max(0.0, now - self._last_beat - HEARTBEAT_S)
        self._last_beat = now

    @property
    def lag_s(self) -> float:
        """How late the last heartbeat was, in seconds."""
        return self._lag_s

    def is_alive(self, now: float) -> bool:
        """Tell whether the loop still turns; never depends on Kafka or the vendor."""
        return now - self._last_beat < DEAD_AFTER_S

    def problems(self) -> dict[str, str]:
        """Return what keeps the process from being ready, by name; empty when it is ready."""
        if self._stopping:
            return {"process": "shutting down"}
        return _found(self._conditions)

    def warnings(self) -> dict[str, str]:
        """Return what is wrong although the process is ready, by name."""
        return _found(self._warnings)


def _found(conditions: Iterable[Condition]) -> dict[str, str]:
    looked_at = ((condition.name, condition.problem()) for condition in conditions)
    return {name: problem for name, problem in looked_at if problem is not None}
