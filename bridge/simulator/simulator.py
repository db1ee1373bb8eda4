"""The simulator as a whole: the vendor's world behind an HTTP server."""

from aiohttp import web

from bridge.simulator.api import BASE_PATH, Api
from bridge.simulator.control import Control
from bridge.simulator.judge import Judge
from bridge.simulator.options import SimulatorOptions
from bridge.simulator.world import World

# What a request has to end in when the simulator stops, in seconds; a hanging one never would.
_SHUTDOWN = 0.5


class Simulator(World):
    """A vendor on loopback: `start`, register webhooks at `base_url`, `play`, look into `log` and `requests`, `stop`.

    One object plays one time: after `stop` make another.
    """

    def __init__(self, options: SimulatorOptions) -> None:
        super().__init__(options)
        self._host, self._port = options.host, options.port
        self._runner: web.AppRunner | None = None

    @property
    def root_url(self) -> str:
        """Return the URL of the server, below which `/_control` is; the port is known after `start`."""
        return f"http://{f'[{self._host}]' if ':' in self._host else self._host}:{self._port}"

    @property
    def base_url(self) -> str:
        """Return the URL of the API, as a connection's `base_url` wants it; the port is known after `start`."""
        return self.root_url + BASE_PATH

    async def start(self) -> None:
        """Listen. Raises OSError when the address is taken."""
        app = web.Application()
        Api(self).add_to(app)
        Control(self).add_to(app)
        Judge(self).add_to(app)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=_SHUTDOWN)
        await runner.setup()
        try:
            await web.TCPSite(runner, self._host, self._port).start()
        except OSError:
            await runner.cleanup()
            raise
        self._runner = runner
        self._port = int(runner.addresses[0][1])
        await self.wake()

    async def stop(self) -> None:
        """Stop listening and sending, at once; what still waited is given up in the log."""
        try:
            await self.sleep()
        finally:
            if self._runner is not None:
                await self._runner.cleanup()
