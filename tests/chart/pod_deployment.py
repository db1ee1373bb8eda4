"""A Deployment in miniature: as many pods as it says, and a rolling update as its strategy says."""

import asyncio
import itertools
import math
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from tests.chart.pod_plan import Body
from tests.chart.pods import Pod

ROLLED_WITHIN_S: Final = 600.0
# `progressDeadlineSeconds` of the chart, for the whole of it.
_LOOK_EVERY_S: Final = 0.1


@dataclass(frozen=True)
class Strategy:
    """How a Deployment is rolled; numbers of pods."""

    replicas: int
    surge: int
    unavailable: int
    min_ready_s: float


def strategy_of(deployment: Body) -> Strategy:
    """Read a Deployment's strategy. Percentages are rounded up for the surge, down for what may be away."""
    spec = deployment["spec"]
    assert spec["strategy"]["type"] == "RollingUpdate"
    rolling, replicas = spec["strategy"]["rollingUpdate"], spec["replicas"]
    return Strategy(
        replicas,
        math.ceil(_number(rolling["maxSurge"], replicas)),
        math.floor(_number(rolling["maxUnavailable"], replicas)),
        spec.get("minReadySeconds", 0),
    )


class Deployment:
    """The pods of one Deployment. `start` starts one by its name."""

    def __init__(self, name: str, strategy: Strategy, start: Callable[[str], Awaitable[Pod]]) -> None:
        self.strategy = strategy
        self.pods: list[Pod] = []
        """Those that are not being taken away."""
        self._name = name
        self._start = start
        self._numbers = itertools.count(1)
        self._leaving: list[asyncio.Task[None]] = []

    async def scale_up(self) -> None:
        """Start as many pods as there shall be, and wait until they are ready."""
        for _ in range(self.strategy.replicas):
            await self.add()
        await asyncio.gather(*(pod.becomes_ready() for pod in self.pods))

    async def add(self) -> Pod:
        """Start one more pod; it need not become ready."""
        pod = await self._start(f"{self._name}-{next(self._numbers)}")
        self.pods.append(pod)
        return pod

    async def roll(self) -> None:
        """Replace each pod, and wait until the last one has gone. Raises TimeoutError."""
        old, new, until = list(self.pods), list[Pod](), time.monotonic() + ROLLED_WITHIN_S
        strategy = self.strategy
        while old or not all(pod.available(strategy.min_ready_s) for pod in new):
            if time.monotonic() > until:
                raise TimeoutError(f"{self._name} is not rolled: {[pod.last_words() for pod in self.pods]}")
            if faults := [fault for pod in self.pods for fault in pod.faults]:
                raise TimeoutError(f"{self._name} is not rolled: {faults}")
            while len(new) < strategy.replicas and len(self.pods) < strategy.replicas + strategy.surge:
                new.append(await self.add())
            available = sum(pod.available(strategy.min_ready_s) for pod in self.pods)
            while old and (available > strategy.replicas - strategy.unavailable or not old[0].ready):
                available -= old[0].available(strategy.min_ready_s)
                self._remove(old.pop(0))
            await asyncio.sleep(_LOOK_EVERY_S)
        await self._gone()

    async def scale_down(self) -> None:
        """Take all pods away, and wait until they have gone."""
        for pod in list(self.pods):
            self._remove(pod)
        await self._gone()

    def _remove(self, pod: Pod) -> None:
        self.pods.remove(pod)
        pod.terminating = True
        self._leaving.append(asyncio.get_running_loop().create_task(pod.delete()))

    async def _gone(self) -> None:
        await asyncio.gather(*self._leaving)
        self._leaving.clear()


def _number(given: int | str, replicas: int) -> float:
    return replicas * int(given.removesuffix("%")) / 100 if isinstance(given, str) else given
