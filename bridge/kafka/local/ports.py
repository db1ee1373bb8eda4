"""Free ports for a broker that must find them again after it was killed."""

import random
import socket
import sys

from bridge.kafka.local.ladder import NoLocalKafka

RANGE = range(20_000, 30_000)
# Below the ports that Linux (from 32768) and macOS (from 49152) give to outgoing connections: otherwise any client
# could take the broker's port while the broker is dead, and the restart would fail.


def is_free(port: int) -> bool:
    """Return whether a server can listen on this port of 127.0.0.1 now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As the broker does, too: connections of a predecessor that are still closing are no hindrance.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def check_port(port: int | None) -> None:
    """Raise `NoLocalKafka` when this port was asked for and is taken."""
    if port is not None and not is_free(port):
        raise NoLocalKafka(f"Port {port} is taken: choose another one, or none to get a free one.")


def claim(port: int) -> bool:
    """Keep other processes of ours off a port while this one lives; false where another one has it.

    A broker takes seconds from the choice of its ports to its first listener, and tests start several at once. The
    claim is a name that Linux takes back at the process's end; elsewhere nobody claims anything.
    """
    if sys.platform != "linux":
        return True
    mark = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        mark.bind(f"\0mobili-stotele-bridge/kafka/{port}")
    except OSError:
        mark.close()
        return False
    # Open until the process ends: whoever is given a port is not told when to give it back.
    mark.detach()
    return True


def free_ports(count: int) -> list[int]:
    """Return so many different ports of 127.0.0.1 that are free and ours; raise `OSError` where there are too few."""
    found: list[int] = []
    for port in random.SystemRandom().sample(RANGE, len(RANGE)):
        if is_free(port) and claim(port):
            found.append(port)
        if len(found) == count:
            return found
    raise OSError(f"no {count} free ports between {RANGE.start} and {RANGE.stop - 1}")
