"""The process that removes the broker's container once whoever started it is done or dead, by kill -9 too.

Run as a script with the container's name: the end of its standard input is the sign. It has to be there before the
container is created, so after a death it also looks for one that is still on its way; `done` before the end tells it
that there is none.
"""

import sys
import time

import docker.errors
from testcontainers.core.docker_client import DockerClient

_LATE = 30.0
# Seconds in which a container may still appear that was asked for in the moment of our death.

_PAUSE = 0.5
# Seconds between two looks.


def remove(name: str, patience: float) -> None:
    """Remove the container of this name with its volumes, waiting so many seconds for it to appear."""
    engine = DockerClient().client
    deadline = time.monotonic() + patience
    try:
        while True:
            try:
                engine.containers.get(name).remove(force=True, v=True)
            except docker.errors.NotFound:
                if time.monotonic() >= deadline:
                    return
                time.sleep(_PAUSE)
            else:
                return
    finally:
        engine.close()


if __name__ == "__main__":
    word = sys.stdin.buffer.read()
    remove(sys.argv[1], 0 if word == b"done" else _LATE)
