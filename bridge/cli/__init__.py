"""The command `bridge`."""

import signal
import sys

_SERVICE_PACKAGES = frozenset(
    {
        "aiohttp",
        "aiokafka",
        "phonenumbers",
        "prometheus_client",
        "pydantic_settings",
        "stamina",
        "structlog",
        "typer",
        "yaml",
    }
)


def main() -> None:
    """Run the command line; the base install, which is for consumers of events, has none."""
    # A supervisor may change its mind while the imports below still run, which take most of a second.
    signal.signal(signal.SIGTERM, _end)
    signal.signal(signal.SIGINT, _end)
    try:
        from bridge.cli.main import app  # noqa: PLC0415 - what is missing is found out here
    except ModuleNotFoundError as error:
        if error.name not in _SERVICE_PACKAGES:
            raise
        print("the command needs the service's packages: pip install 'mobili-stotele-bridge[service]'", file=sys.stderr)
        sys.exit(2)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    app()


def _end(number: int, _frame: object) -> None:
    """End without a word: a service that had not begun has stopped cleanly, any other command was interrupted."""
    sys.exit(0 if sys.argv[1:2] == ["run"] else 128 + number)
