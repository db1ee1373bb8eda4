"""What is asked of a Docker engine, through testcontainers: blocking calls, each with its faults as one sentence.

Imported only when the Docker way is tried, since testcontainers is not part of an installation of the service. Its
own reaper, Ryuk, is not used: that is one more image to pull, wants the engine's socket inside a container, and would
end `bridge kafka up` together with the command.
"""

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator

import docker
import docker.errors
import requests
from testcontainers.core.config import testcontainers_config
from testcontainers.core.container import DockerContainer
from testcontainers.core.docker_client import DockerClient, get_docker_host

from bridge.kafka.local import container_watch
from bridge.kafka.local.ladder import NoLocalKafka
from bridge.kafka.local.properties import Listeners, as_variables, server_properties

LOOK_TIMEOUT = 1.5
# Seconds for an engine to answer; a local one takes milliseconds, and whoever has none should not wait.

PULL_TIMEOUT = 300.0
# Seconds for some 200 MB, once; after that the Java way is quicker.

CALL_TIMEOUT = 30.0
# Seconds for one answer of the engine, and between two signs of life of a pull.

_DEFAULT_HOST = "unix:///var/run/docker.sock"
# Where Docker's own client looks when nothing is configured.

_CLIENT_PORT, _BROKER_PORT, _CONTROLLER_PORT = 9092, 9093, 9094
# Inside the container; the first is the one that the image documents.

_FAULTS = (docker.errors.DockerException, requests.exceptions.RequestException, OSError)


class Engine:
    """A Docker engine that answers; to make one without an engine raises `NoLocalKafka`."""

    def __init__(self) -> None:
        try:
            _knock(get_docker_host() or _DEFAULT_HOST)
            DockerClient(timeout=LOOK_TIMEOUT).client.close()
        except _FAULTS:
            raise NoLocalKafka("no engine answers") from None

    def pull(self, image: str, say: Callable[[str], None], given_up: threading.Event) -> None:
        """Have the image, pulling it where needed; a deadline and `given_up` end the pull, which nothing else would."""
        image = testcontainers_config.hub_image_name_prefix + image
        with _client(f"{image} cannot be pulled") as client:
            if client.images.list(name=image):
                return
            say(f"Pulling {image}, once: about 200 MB")
            deadline = time.monotonic() + PULL_TIMEOUT
            name, _, tag = image.rpartition(":")
            for step in client.api.pull(name, tag=tag, stream=True, decode=True):
                if "error" in step:
                    raise NoLocalKafka(f"{image} cannot be pulled: {step['error']}")
                if given_up.is_set() or time.monotonic() > deadline:
                    raise NoLocalKafka(f"{image} was not pulled within {PULL_TIMEOUT:.0f} s")

    def create(self, image: str, name: str, port: int) -> str:
        """Start a container of this name that serves this port of the engine's host; return the host's address."""
        testcontainers_config.ryuk_disabled = True
        with _closing(DockerContainer(image, docker_client_kw={"timeout": CALL_TIMEOUT})) as container:
            engine_host = container.get_docker_client().host()
            local = engine_host in {"localhost", "127.0.0.1"}
            host = "127.0.0.1" if local else engine_host
            everywhere = "0.0.0.0"  # noqa: S104 - inside the container, or on an engine that is reached from outside
            listeners = Listeners(everywhere, _CLIENT_PORT, host, port, _BROKER_PORT, _CONTROLLER_PORT)
            properties = server_properties(listeners, "/var/lib/kafka/data/log")
            container.with_name(name).with_envs(**as_variables(properties), KAFKA_HEAP_OPTS="-Xmx512m")
            # A broker without passwords is nobody else's business: with_bind_ports would open it to the whole network.
            on_host = ("127.0.0.1" if local else everywhere, port)
            container.ports[f"{_CLIENT_PORT}/tcp"] = on_host  # type: ignore[assignment] # Docker takes pairs
            container.start()
        return host

    def kill(self, name: str) -> None:
        """End the container by SIGKILL and wait for its end; nothing happens when it does not run."""
        with _client("the container cannot be killed") as client:
            container = client.containers.get(name)
            if container.status == "running":
                container.kill()
                container.wait()

    def start(self, name: str) -> None:
        """Start a container again that has ended."""
        with _client("the container cannot be started again") as client:
            client.containers.get(name).start()

    def last_words(self, name: str) -> str | None:
        """Return the last line of a container that has ended or is gone, or None while it runs."""
        with _client("the engine does not answer") as client:
            try:
                container = client.containers.get(name)
            except docker.errors.NotFound:
                return "it is gone"
            if container.status in {"created", "running"}:
                return None
            return container.logs(tail=1).decode(errors="replace").strip()[:300] or "it said nothing"

    def remove(self, name: str) -> None:
        """Remove the container and its volumes, running or not; nothing happens when there is none."""
        with _faults_named(f"the container {name} cannot be removed"):
            container_watch.remove(name, patience=0)


def _knock(host: str) -> None:
    """Raise `OSError` where nobody listens at a socket file; Docker's client would leave its own socket open then."""
    if host.startswith("unix://"):
        with socket.socket(socket.AF_UNIX) as knock:
            knock.settimeout(LOOK_TIMEOUT)
            knock.connect(host.removeprefix("unix://"))


@contextlib.contextmanager
def _client(trouble: str) -> Iterator[docker.DockerClient]:
    with _faults_named(trouble):
        client = DockerClient(timeout=CALL_TIMEOUT).client
        try:
            yield client
        finally:
            client.close()


@contextlib.contextmanager
def _closing(container: DockerContainer) -> Iterator[DockerContainer]:
    """Close the connection to the engine, not the container."""
    with _faults_named("the container cannot be started"):
        try:
            yield container
        finally:
            container.get_docker_client().client.close()


@contextlib.contextmanager
def _faults_named(trouble: str) -> Iterator[None]:
    try:
        yield
    except _FAULTS as fault:
        said = fault.explanation if isinstance(fault, docker.errors.APIError) else None
        raise NoLocalKafka(f"{trouble}: {' '.join(str(said or fault).split())[:300]}") from fault
