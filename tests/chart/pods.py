"""Rendered pods as processes of this machine, with a kubelet in miniature.

    async with Node(folder, cluster, reach=[kafka_port]) as node:
        pod = await node.start("ingress-1", rendering.one("Deployment", "ingress").pod)
        await pod.becomes_ready()
        await pod.delete()
        assert node.faults == []

True to Kubernetes: command and arguments, the whole environment, every file at its path with its mode and owner and
swapped by `..data`, the read-only root, the user without capabilities and new privileges, process 1, a network and
ports of its own, which the pod's containers share, the three probes, the sleep before the stop, SIGTERM, the grace
period, SIGKILL. Not there: limits of memory and processor, seccomp, restarts, and images: Python and the bridge are
those of this checkout, and other images have something of this host in their place.
"""

import asyncio
import signal
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final, Self

from tests.chart.pod_images import Image
from tests.chart.pod_network import LOOPBACK, Dial, Relay, Stream
from tests.chart.pod_plan import Body, Cluster, PodPlan, PodRefused, images_of, pod_plan, volume_files
from tests.chart.pod_probes import Threshold, answers
from tests.chart.pod_process import VOLUME, Container
from tests.chart.pod_volumes import write_volume

READY_WITHIN_S: Final = 90.0
# Topics, groups and shards, with several pods at once on two cores.
_LOOK_EVERY_S: Final = 0.05
_LAST_LINES: Final = 6


@dataclass(frozen=True)
class Companion:
    """A container of a pod, and what it is run by."""

    plan: PodPlan
    container: Container

    async def stop(self) -> int:
        """Sleep as it wants it, send SIGTERM, and give the exit code."""
        await asyncio.sleep(self.plan.pre_stop_s)
        self.container.send(signal.SIGTERM)
        return await self.container.ends()


class Pod:
    """A pod that was started. `faults` are sentences of what no pod of ours may do; a real kubelet restarts it then."""

    def __init__(self, name: str, plan: PodPlan, container: Container, beside: Mapping[str, "Companion"]) -> None:
        self.name = name
        self.plan = plan
        self.container = container
        self.beside = beside
        """Its other containers, by name."""
        self.faults: list[str] = []
        self.ready_since: float | None = None
        self.terminating = False
        self._relays: list[Relay] = []
        self._watching = asyncio.get_running_loop().create_task(self._watch())

    @property
    def ready(self) -> bool:
        return self.ready_since is not None

    @property
    def serves(self) -> bool:
        """Whether it is an endpoint of its Service."""
        return self.ready and not self.terminating

    @property
    def exit_code(self) -> int | None:
        """None while it lives."""
        return self.container.exit_code

    def available(self, min_ready_s: float) -> bool:
        """Tell whether a rollout counts it."""
        return self.serves and self.ready_since is not None and time.monotonic() - self.ready_since >= min_ready_s

    async def dial(self, port: str) -> Stream:
        """Open a connection to a port of any container by its name. Raises OSError."""
        plans = (*(one.plan for one in self.beside.values()), self.plan)
        return await self.container.network.dial({name: at for plan in plans for name, at in plan.ports.items()}[port])

    async def becomes_ready(self, within_s: float = READY_WITHIN_S) -> None:
        """Wait until its readiness probe says so. Raises TimeoutError."""
        await self._until(lambda: self.ready, within_s, "is not ready")

    async def becomes_unready(self, within_s: float = READY_WITHIN_S) -> None:
        """Wait until its readiness probe has failed often enough. Raises TimeoutError."""
        await self._until(lambda: not self.ready, within_s, "is still ready")

    async def says(self, words: str, within_s: float = READY_WITHIN_S) -> None:
        """Wait until some words stand in its log. Raises TimeoutError."""
        await self._until(lambda: words in self.container.said(), within_s, f"does not say {words!r}")

    async def ends(self, within_s: float = READY_WITHIN_S) -> int:
        """Wait for the end of a pod that ends by itself; give its exit code. Raises TimeoutError."""
        async with asyncio.timeout(within_s):
            return await self.container.ends()

    async def delete(self) -> None:
        """Take it away as a kubelet does: sleep, SIGTERM, and SIGKILL where its grace period was too short."""
        self.terminating = True
        try:
            async with asyncio.timeout(self.plan.grace_s):
                own = Companion(self.plan, self.container)
                codes = await asyncio.gather(*(one.stop() for one in (own, *self.beside.values())))
        except TimeoutError:
            self.faults.append(f"{self.name} had to be killed after its {self.plan.grace_s:g} s: {self.last_words()}")
        else:
            if any(codes):
                self.faults.append(f"{self.name} ended with {codes} after SIGTERM: {self.last_words()}")
        await self.kill()

    async def kill(self) -> None:
        """End it as a power cut would, if it still lives, and let go of all that it had."""
        self.terminating = True
        for container in (self.container, *(one.container for one in self.beside.values())):
            container.send(signal.SIGKILL)
            await container.ends()
        self._watching.cancel()
        with suppress(asyncio.CancelledError):
            await self._watching
        await self.cut_off()

    async def cut_off(self) -> None:
        """Let it reach nothing outside any more."""
        for relay in self._relays:
            await relay.stop()
        self._relays.clear()

    async def offer(self, address: str, port: int, dial: Dial) -> None:
        """Let the pod reach something at an address of its own loopback."""
        self._relays.append(await Relay.start(self.container.network.listen(address, port), dial))

    def last_words(self, beside: str | None = None) -> str:
        """Give the end of its log, or of another container's."""
        container = self.container if beside is None else self.beside[beside].container
        return " | ".join(container.said().splitlines()[-_LAST_LINES:])

    async def _watch(self) -> None:
        """Be its kubelet."""
        plan, network = self.plan, self.container.network
        if plan.startup is not None:
            threshold = Threshold(plan.startup.successes, plan.startup.failures)
            async for answer in answers(plan.startup, network):
                verdict = threshold.verdict(answer)
                if verdict is not None or self.exit_code is not None:
                    break
            if not verdict:
                self.faults.append(f"{self.name} failed its startup probe: {self.last_words()}")
                return
        work: list[Awaitable[None]] = [self._outlive(), *(self._outlived_by(name) for name in self.beside)]
        if plan.readiness is not None:
            work.append(self._watch_readiness())
        if plan.liveness is not None:
            work.append(self._watch_liveness())
        await asyncio.gather(*work)

    async def _watch_readiness(self) -> None:
        assert self.plan.readiness is not None
        threshold = Threshold(self.plan.readiness.successes, self.plan.readiness.failures)
        async for answer in answers(self.plan.readiness, self.container.network):
            verdict = threshold.verdict(answer)
            if verdict is False:
                self.ready_since = None
            elif verdict is True and self.ready_since is None:
                self.ready_since = time.monotonic()

    async def _watch_liveness(self) -> None:
        assert self.plan.liveness is not None
        threshold = Threshold(self.plan.liveness.successes, self.plan.liveness.failures)
        async for answer in answers(self.plan.liveness, self.container.network):
            if self.terminating:
                return
            if threshold.verdict(answer) is False:
                self.faults.append(f"{self.name} failed its liveness probe: {self.last_words()}")
                return

    async def _outlive(self) -> None:
        code = await self.container.ends()
        self.ready_since = None
        if self.plan.readiness is not None and not self.terminating:
            self.faults.append(f"{self.name} ended by itself with {code}: {self.last_words()}")

    async def _outlived_by(self, name: str) -> None:
        code = await self.beside[name].container.ends()
        if not self.terminating:
            self.faults.append(f"{name} of {self.name} ended by itself with {code}: {self.last_words(name)}")

    async def _until(self, condition: Callable[[], bool], within_s: float, otherwise: str) -> None:
        ends = time.monotonic() + within_s
        while not condition():
            if time.monotonic() > ends or self.faults:
                told = "; ".join(self.faults) or self.last_words()
                raise TimeoutError(f"{self.name} {otherwise} (within {within_s:.0f} s): {told}")
            await asyncio.sleep(_LOOK_EVERY_S)


class Node:
    """Where pods run. `reach` are the ports of this host's loopback that each of them may reach: its network policy.

    `assigned_uid` is whom the cluster makes a pod that does not say who it is. `images` are those that it knows beside
    the bridge's, by name.
    """

    def __init__(
        self,
        folder: Path,
        cluster: Cluster,
        *,
        reach: Sequence[int],
        assigned_uid: int | None = None,
        images: Mapping[str, Image] | None = None,
    ) -> None:
        self.pods: list[Pod] = []
        self._cluster = cluster
        self._folder = folder
        self._reach = reach
        self._assigned_uid = assigned_uid
        self._images = images or {}
        self._bodies: dict[str, Body] = {}
        self._fs_groups: dict[str, int | None] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await asyncio.gather(*(pod.kill() for pod in self.pods))
        for pod in self.pods:
            for container in (pod.container, *(one.container for one in pod.beside.values())):
                container.network.close()

    @property
    def faults(self) -> list[str]:
        """What went wrong with any pod."""
        return [fault for pod in self.pods for fault in pod.faults]

    async def start(
        self,
        name: str,
        body: Body,
        *,
        also: Sequence[int] = (),
        services: Mapping[str, tuple[int, Dial]] | None = None,
    ) -> Pod:
        """Start a pod from its template. `also` it may reach, and `services` by name, each at its port."""
        plan, *others = (
            pod_plan(body, self._cluster, name=one, image=image, assigned_uid=self._assigned_uid)
            for one, image in images_of(body, self._images).items()
        )
        folder = self._folder / name
        folder.mkdir()
        self._bodies[name], self._fs_groups[name] = body, plan.fs_group
        self._write_volumes(name)
        hosts = {service: f"127.0.2.{number}" for number, service in enumerate(services or {}, 1)}
        container = await Container.build(name, folder, plan, hosts)
        beside = {other.name: await self._companion(other, name, hosts, container) for other in others}
        pod = Pod(name, plan, container, beside)
        self.pods.append(pod)
        for port in (*self._reach, *also):
            await pod.offer(LOOPBACK, port, partial(asyncio.open_connection, LOOPBACK, port))
        for service, (port, dial) in (services or {}).items():
            await pod.offer(hosts[service], port, dial)
        for one in (container, *(one.container for one in beside.values())):
            one.go()
        return pod

    def change(self, cluster: Cluster) -> None:
        """Change ConfigMaps and Secrets, and bring the change to the volumes of the pods that live."""
        self._cluster = cluster
        for pod in self.pods:
            if pod.exit_code is None:
                self._write_volumes(pod.name)

    async def _companion(self, plan: PodPlan, pod: str, hosts: Mapping[str, str], of: Container) -> Companion:
        if plan.mounts or plan.startup or plan.readiness or plan.liveness:
            raise PodRefused(f"these checks run no volumes and probes of {plan.name} beside another container")
        folder = self._folder / pod / plan.name
        folder.mkdir()
        return Companion(plan, await Container.build(pod, folder, plan, hosts, beside=of))

    def _write_volumes(self, name: str) -> None:
        fs_group = self._fs_groups[name]
        for volume, files in volume_files(self._bodies[name], self._cluster).items():
            write_volume(self._folder / name / f"{VOLUME}{volume}", files, fs_group)
