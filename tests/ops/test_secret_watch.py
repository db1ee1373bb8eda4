"""The look at secrets that a running process takes each second."""

import asyncio
from collections.abc import Callable

import pytest
from structlog.testing import capture_logs

from bridge.app.process import Process
from bridge.ops.settings import Role, load_settings
from tests.virtual_time import run_virtually


def test_a_fault_of_one_secret_leaves_the_others_their_look(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is logged once until it is over; each of the others is looked at as before."""
    looks: list[str] = []

    def broken() -> None:
        looks.append("broken")
        if len(looks) < 6:
            raise RuntimeError("a fault")

    async def story(_: Callable[[], float]) -> None:
        process = Process(load_settings(None, {"BRIDGE_KAFKA__BOOTSTRAP_SERVERS": "localhost:1"}, Role.TOOL), Role.TOOL)
        process.refreshes += [broken, lambda: looks.append("sound")]
        watch = asyncio.create_task(process._watch_secrets())
        await asyncio.sleep(4.5)
        watch.cancel()
        await asyncio.wait({watch})

    with capture_logs() as logged:
        run_virtually(story)
    assert looks == ["broken", "sound"] * 4
    assert [line["event"] for line in logged] == ["a changed secret cannot be looked at"]
