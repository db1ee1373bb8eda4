"""`bridge simulator`: the PBX simulator by itself."""

import asyncio
import signal
from collections.abc import Sequence
from datetime import UTC, datetime
from math import isfinite
from typing import Annotated

import typer

from bridge.simulator import AccountOptions, FailedTaskError, RetryPolicy, Simulator, SimulatorOptions
from bridge.simulator.options import DEFAULT_KEY

# How long an ending simulator waits for webhooks on their way, in seconds: Ctrl-C is expected to work at once.
_DRAIN = 2.0


def simulator(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on, 0 = any free one.")] = 8088,
    seed: Annotated[int, typer.Option(help="The same seed plays the same day.")] = 1,
    speed: Annotated[float, typer.Option(help="Simulated seconds per second: shortens what a call takes.")] = 1.0,
    brevity: Annotated[float, typer.Option(help="Calls are so many times shorter; the clock is not.")] = 1.0,
    calls_per_second: Annotated[
        float, typer.Option(help="New calls a second (some four webhooks each), per key.")
    ] = 1.0,
    key: Annotated[list[str] | None, typer.Option(help="API key that is accepted; may be given several times.")] = None,
    begin: Annotated[datetime | None, typer.Option(help="Simulated time of the start, in UTC; default: now.")] = None,
    repeats: Annotated[int, typer.Option(min=0, help="How often a webhook not answered 2xx is sent again.")] = 8,
    kept_log: Annotated[int, typer.Option(min=1, help="Full rows of requests and of webhooks in the log.")] = 10_000,
    kept_rows: Annotated[
        int, typer.Option(min=1, help="Rows of each list and of the judge's truth, per key.")
    ] = 15_000,
    report: Annotated[float, typer.Option(min=0.1, help="Seconds between two lines of progress.")] = 10.0,
) -> None:
    """Play a working day of a PBX: its REST API, calls, and the webhooks that tell of them.

    Register a webhook with curl and watch it being called:

        bridge simulator --seed 1 --speed 60

        curl -X POST http://127.0.0.1:8088/api/v2/webhooks/CallStarted
             -H 'Authorization: Bearer simulator-key' -d '{"endpoint": "http://127.0.0.1:8080/somewhere"}'
    """
    names = key or [DEFAULT_KEY]
    try:
        _check_use(names, report)
        options = SimulatorOptions(
            seed=seed,
            speed=speed,
            brevity=brevity,
            calls_per_second=calls_per_second,
            keys={name: AccountOptions() for name in names},
            host=host,
            port=port,
            begin=None if begin is None else begin.replace(tzinfo=UTC),
            retry=RetryPolicy(repeats=repeats),
            kept_log=kept_log,
            kept_rows=kept_rows,
        )
    except ValueError as error:
        typer.echo(f"bridge simulator: {error}", err=True)
        raise typer.Exit(2) from error
    try:
        asyncio.run(_play(options, report))
    except OSError as error:
        typer.echo(
            f"bridge simulator: cannot listen on {host}:{port}: {error.strerror}; choose another --port", err=True
        )
        raise typer.Exit(1) from error
    except FailedTaskError as error:
        typer.echo(f"bridge simulator: {error}; what it says is not to be trusted any more, so it ends", err=True)
        raise typer.Exit(1) from error


def _check_use(keys: Sequence[str], report: float) -> None:
    """Raise ValueError for what the options of a simulator cannot tell any more."""
    if not isfinite(report):
        raise ValueError("report is a number of seconds")
    if len(set(keys)) < len(keys):
        raise ValueError("a key is given twice: each is an account of its own")


async def _play(options: SimulatorOptions, report: float) -> None:
    """Play until a signal ends it."""
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, ended.set)
    playing = Simulator(options)
    await playing.start()
    try:
        typer.echo(f"listening on {playing.base_url}, keys: {', '.join(options.keys)}; Ctrl-C ends it")
        playing.start_playing()
        await _until_signal(playing, ended, list(options.keys), report)
        await playing.stop_playing(finish=False, drain=_DRAIN)
        typer.echo(_progress(playing, list(options.keys)))
    finally:
        await playing.stop()


async def _until_signal(playing: Simulator, ended: asyncio.Event, keys: Sequence[str], report: float) -> None:
    """Print a line now and then. Raises FailedTaskError as soon as a part of the simulator fails."""
    watching, waiting = asyncio.create_task(playing.watch()), asyncio.create_task(ended.wait())
    try:
        while True:
            done, _ = await asyncio.wait({watching, waiting}, timeout=report, return_when=asyncio.FIRST_COMPLETED)
            if watching in done:
                await watching
            if done:
                return
            typer.echo(_progress(playing, keys))
    finally:
        watching.cancel()
        waiting.cancel()


def _progress(playing: Simulator, keys: Sequence[str]) -> str:
    accounts = [playing.accounts[key] for key in keys]
    calls = sum(account.day.started_calls for account in accounts)
    hooks = sum(len(account.hooks.registered) for account in accounts)
    total = playing.log.total
    return (
        f"calls {calls}, events {total.facts}, hooks {hooks}, webhooks sent {total.attempts}, "
        f"accepted {total.accepted}, given up {total.given_up}, waiting {playing.pending}"
    )
