"""`bridge simulator`: the PBX simulator by itself."""

import asyncio
import signal
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated

import typer

from bridge.simulator import AccountOptions, RetryPolicy, Simulator, SimulatorOptions
from bridge.simulator.options import DEFAULT_KEY

# How long an ending simulator waits for webhooks on their way, in seconds: Ctrl-C is expected to work at once.
_DRAIN = 2.0


def simulator(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on, 0 = any free one.")] = 8088,
    seed: Annotated[int, typer.Option(help="The same seed plays the same day.")] = 1,
    speed: Annotated[float, typer.Option(help="Simulated seconds per second: shortens what a call takes.")] = 1.0,
    calls_per_second: Annotated[
        float, typer.Option(help="New calls a second (some four webhooks each), per key.")
    ] = 1.0,
    key: Annotated[list[str] | None, typer.Option(help="API key that is accepted; may be given several times.")] = None,
    begin: Annotated[datetime | None, typer.Option(help="Simulated time of the start, in UTC; default: now.")] = None,
    repeats: Annotated[int, typer.Option(min=0, help="How often a webhook not answered 2xx is sent again.")] = 8,
    report: Annotated[float, typer.Option(min=0.1, help="Seconds between two lines of progress.")] = 10.0,
) -> None:
    """Play a working day of a PBX: its REST API, calls, and the webhooks that tell of them.

    Register a webhook with curl and watch it being called:

        bridge simulator --seed 1 --speed 60

        curl -X POST http://127.0.0.1:8088/api/v2/webhooks/CallStarted
             -H 'Authorization: Bearer simulator-key' -d '{"endpoint": "http://127.0.0.1:8080/somewhere"}'
    """
    try:
        options = SimulatorOptions(
            seed=seed,
            speed=speed,
            calls_per_second=calls_per_second,
            keys={name: AccountOptions() for name in key or [DEFAULT_KEY]},
            host=host,
            port=port,
            begin=None if begin is None else begin.replace(tzinfo=UTC),
            retry=RetryPolicy(repeats=repeats),
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
        while not ended.is_set():
            try:
                async with asyncio.timeout(report):
                    await ended.wait()
            except TimeoutError:
                typer.echo(_progress(playing, list(options.keys)))
        await playing.stop_playing(finish=False, drain=_DRAIN)
        typer.echo(_progress(playing, list(options.keys)))
    finally:
        await playing.stop()


def _progress(playing: Simulator, keys: Sequence[str]) -> str:
    accounts = [playing.accounts[key] for key in keys]
    calls = sum(account.day.started_calls for account in accounts)
    hooks = sum(len(account.hooks.registered) for account in accounts)
    total = playing.log.total
    return (
        f"calls {calls}, events {total.facts}, hooks {hooks}, webhooks sent {total.attempts}, "
        f"accepted {total.accepted}, given up {total.given_up}, waiting {playing.pending}"
    )
