"""Sections `ingress` and `admin`: the two HTTP servers."""

from datetime import timedelta
from typing import Annotated

from pydantic import BeforeValidator, Field

from bridge.ops.settings.addresses import Network, host, list_of_networks, network, public_origin
from bridge.ops.settings.problems import unfit
from bridge.ops.settings.section import Section
from bridge.ops.settings.values import ListOfValues, duration, or_null, size, whole

Host = Annotated[str, BeforeValidator(host)]
Port = Annotated[int, BeforeValidator(whole(0, 65_535))]
"""0 takes any free port."""

Networks = Annotated[
    tuple[Annotated[Network, BeforeValidator(network)], ...], BeforeValidator(list_of_networks), ListOfValues()
]


def _spool_path(given: object) -> None:
    if given is not None:
        raise unfit("null", fault="is set, but the disk spool is not built yet")


class SpoolSettings(Section):
    """The disk spool for webhooks that Kafka does not take in time; `path` switches it on."""

    path: Annotated[None, BeforeValidator(_spool_path)] = None
    max_bytes: Annotated[int, BeforeValidator(size("1MiB", "1024GiB"))] = 1 << 30


class IngressSettings(Section):
    """The server that receives webhooks. Sizes in bytes."""

    host: Host = "0.0.0.0"  # noqa: S104 - the vendor calls from outside
    port: Port = 8080
    public_url: Annotated[str | None, BeforeValidator(or_null(public_origin))] = None
    max_body_bytes: Annotated[int, BeforeValidator(size("1KiB", "512KiB"))] = 262_144
    body_timeout: Annotated[timedelta, BeforeValidator(duration("100ms", "60s"))] = timedelta(seconds=5)
    publish_deadline: Annotated[timedelta, BeforeValidator(duration("100ms", "30s"))] = timedelta(milliseconds=1500)
    max_in_flight: Annotated[int, BeforeValidator(whole(1, 65_536))] = 1024
    trusted_proxies: Networks = ()
    spool: SpoolSettings = Field(default_factory=SpoolSettings)


class AdminSettings(Section):
    """The server for probes, metrics and the console; never public."""

    host: Host = "0.0.0.0"  # noqa: S104 - probes come from the node, scrapes from another pod
    port: Port = 9090
