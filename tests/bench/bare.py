"""The ceiling of the stack: an aiohttp handler that reads the body and answers 202.

Run as `python -m tests.bench.bare PORT`.
"""

import asyncio
import sys

from aiohttp import web

from bridge.cli.event_loop import run_loop


async def _handle(request: web.Request) -> web.Response:
    await request.read()
    return web.Response(status=202)


async def _serve(port: int) -> None:
    app = web.Application()
    app.router.add_post("/hooks/{connection}/{key}", _handle)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    run_loop(_serve(int(sys.argv[1])))
