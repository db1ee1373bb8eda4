"""The services of a compose file as processes of this machine, in the containers of tests/chart/pod_process.py.

    async with ComposeProject(folder, services) as project:
        await project.up()
        tail = await project.run("cli", "tail")
        await tail.says("call.started")

Each service has a network of its own and finds the others by name, at the ports that they expose or publish, but for
those that it has itself. The machine is a network, too, in which what is published is found on loopback. Not there are
health checks and restarts.
"""

import asyncio
import signal
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final, Self

from tests.chart.compose_plan import ComposeService
from tests.chart.pod_network import LOOPBACK, POD_ADDRESS, Relay
from tests.chart.pod_process import VOLUME, Container

_LOOK_EVERY_S: Final = 0.05
_LAST_LINES: Final = 6


class Running:
    """A container of the project."""

    def __init__(self, name: str, container: Container, grace_s: float) -> None:
        self.name = name
        self.container = container
        self.relays: list[Relay] = []
        self._grace_s = grace_s

    async def says(self, words: str, within_s: float) -> None:
        """Wait until some words stand in its log. Raises TimeoutError."""
        ends = time.monotonic() + within_s
        while words not in self.container.said():
            if time.monotonic() > ends or self.container.exit_code is not None:
                raise TimeoutError(f"{self.name} does not say {words!r} (within {within_s:.0f} s): {self.last_words()}")
            await asyncio.sleep(_LOOK_EVERY_S)

    async def ends(self, within_s: float) -> int:
        """Wait for its end; give the exit code. Raises TimeoutError."""
        async with asyncio.timeout(within_s):
            return await self.container.ends()

    async def stop(self) -> int:
        """Stop it as an engine does, SIGKILL after the grace period included; give the exit code."""
        self.container.send(signal.SIGTERM)
        with suppress(TimeoutError):
            return await self.ends(self._grace_s)
        self.container.send(signal.SIGKILL)
        return await self.container.ends()

    def last_words(self) -> str:
        """Give the end of its log."""
        return " | ".join(self.container.said().splitlines()[-_LAST_LINES:])


class ComposeProject:
    """One project. `services` are those that were started by `up`, by name."""

    def __init__(self, folder: Path, services: Mapping[str, ComposeService]) -> None:
        self.services: dict[str, Running] = {}
        self._described = services
        self._folder = folder
        self._all: list[Running] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        for running in self._all:
            running.container.send(signal.SIGKILL)
            await running.container.ends()
            for relay in running.relays:
                await relay.stop()
            running.container.network.close()

    async def up(self) -> None:
        """Start every service that is in no profile, all at once."""
        started = {name: service for name, service in self._described.items() if not service.profiles}
        for name, service in started.items():
            self.services[name] = await self._build(name, service)
        for name, running in self.services.items():
            await self._connect(running, name)
        for running in self.services.values():
            running.container.go()

    async def run(self, name: str, *arguments: str) -> Running:
        """Start one container more, of a service with another command."""
        running = await self._build(name, self._described[name].running(arguments))
        await self._connect(running, None)
        running.container.go()
        return running

    async def run_on_the_machine(self, name: str, env: Mapping[str, str], *arguments: str) -> Running:
        """Start a command of a service's image outside of its network, where there is what is published."""
        service = self._described[name].running(arguments)
        described = replace(service, plan=replace(service.plan, env={**service.plan.env, **env}))
        running = await self._build(name, described, named=False)
        for target, other in self.services.items():
            for host, port in self._described[target].published.items():
                listener = running.container.network.listen(LOOPBACK, host)
                running.relays.append(await Relay.start(listener, partial(other.container.network.dial, port)))
        running.container.go()
        return running

    async def _build(self, name: str, service: ComposeService, *, named: bool = True) -> Running:
        folder = self._folder / f"{len(self._all)}-{name}"
        folder.mkdir()
        for volume, path in service.mounted.items():
            (folder / f"{VOLUME}{volume}").symlink_to(path)
        hosts = self._hosts() if named else {}
        if name in self._described and not service.profiles:
            hosts |= dict.fromkeys(service.names, POD_ADDRESS)
        container = await Container.build(name, folder, service.plan, hosts)
        running = Running(name, container, service.plan.grace_s)
        self._all.append(running)
        return running

    def _hosts(self) -> dict[str, str]:
        return {
            name: f"127.0.3.{number}"
            for number, service in enumerate(self._described.values(), 1)
            for name in service.names
            if not service.profiles
        }

    async def _connect(self, running: Running, itself: str | None) -> None:
        addresses = self._hosts()
        taken = self._described[running.name].takes
        for name, other in self.services.items():
            if name != itself:
                for port in self._described[name].offers - taken:
                    listener = running.container.network.listen(addresses[name], port)
                    running.relays.append(await Relay.start(listener, partial(other.container.network.dial, port)))
