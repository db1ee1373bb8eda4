"""What a shard's owner knows of a connection from the configuration. Pure."""

from dataclasses import dataclass

from bridge.calls.quota import Quota
from bridge.pbx.numbers import ToE164


@dataclass(frozen=True, slots=True)
class ConnectionOptions:
    """One connection: its quota, how many requests may wait in each lane, and how long a command may, in ms.

    `to_e164` reads a telephone number as people of the connection write it.
    """

    quota: Quota
    max_queued: int
    dial_ttl_ms: int
    query_ttl_ms: int
    to_e164: ToE164
