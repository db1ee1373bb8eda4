"""`bridge run`: the service."""

import asyncio
import signal
from datetime import timedelta
from enum import StrEnum
from typing import Annotated

import typer

from bridge.app import UNREADY_FOR, Service
from bridge.cli.event_loop import run_loop, settle_memory
from bridge.cli.settings_option import ConfigFile, fail, read_settings
from bridge.ops.logs import configure_logs
from bridge.ops.settings import Role, Settings


class RunnableRole(StrEnum):
    """What a process may be."""

    INGRESS = Role.INGRESS.value
    WORKER = Role.WORKER.value
    ALL = Role.ALL.value


def run(
    role: Annotated[
        RunnableRole, typer.Option("--role", help="ingress receives webhooks, worker carries out commands.")
    ],
    config: ConfigFile = None,
) -> None:
    """Run the service until SIGTERM or SIGINT. Logs go to stderr.

    Example: bridge run --role ingress --config bridge.yaml
    """
    settings = read_settings(config, Role(role))
    configure_logs()
    try:
        refusal = run_loop(_serve(settings, Role(role)))
    except OSError as error:
        fail(
            f"cannot listen: {error.strerror or error}; choose another ingress.port or admin.port, or end what has it",
            1,
        )
    if refusal is not None:
        fail(refusal, 2)


async def _serve(settings: Settings, role: Role) -> str | None:
    """Serve until a signal, or until there is a reason not to; return the reason."""
    stop = asyncio.Event()
    unready_for = UNREADY_FOR

    def interrupted() -> None:
        # A person at the terminal, and no balancer, asks for this.
        nonlocal unready_for
        unready_for = timedelta(0)
        stop.set()

    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    loop.add_signal_handler(signal.SIGINT, interrupted)
    service = Service(settings, role)
    service.refusal.add_done_callback(lambda _: interrupted())
    await service.start()
    settle_memory()
    await stop.wait()
    refusal = service.refusal.result() if service.refusal.done() else None
    await service.stop(unready_for=unready_for)
    return refusal
