"""The command `bridge`."""

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
    try:
        from bridge.cli.main import app  # noqa: PLC0415 - what is missing is found out here
    except ModuleNotFoundError as error:
        if error.name not in _SERVICE_PACKAGES:
            raise
        print("the command needs the service's packages: pip install 'mobili-stotele-bridge[service]'", file=sys.stderr)
        sys.exit(2)
    app()
