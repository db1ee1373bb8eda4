"""The settings of the local broker, as values: one node, broker and controller in one process. Pure.

The Java way writes them into a file, the Docker way hands them over as variables; both brokers are the same.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

CLUSTER_ID = "bW9iaWxpLXN0b3RlbGUtYg"
# Any 16 bytes in base64 will do: a single node never meets another cluster.

_FIXED: Mapping[str, str] = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.listener.names": "CONTROLLER",
    "inter.broker.listener.name": "BROKER",
    "listener.security.protocol.map": "CLIENT:PLAINTEXT,BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT",
    # A topic that nobody created is a fault to be seen, as on the clusters of our users.
    "auto.create.topics.enable": "false",
    "delete.topic.enable": "true",
    # One node cannot replicate.
    "default.replication.factor": "1",
    "min.insync.replicas": "1",
    "offsets.topic.replication.factor": "1",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    # 50 each by default: on one node they cost time at the start and memory, and spread nothing.
    "offsets.topic.num.partitions": "4",
    "transaction.state.log.num.partitions": "4",
    "share.coordinator.state.topic.num.partitions": "1",
    # A group's first join waits 3 s for others by default.
    "group.initial.rebalance.delay.ms": "0",
    # After kill -9 the node must wait for its own dead session to end before it may register again: 9 s by default.
    # Not shorter, or a crowded machine would fence a living broker.
    "broker.session.timeout.ms": "3000",
    "broker.heartbeat.interval.ms": "500",
    # A laptop and a handful of clients, not a server: every thread holds buffers of its own.
    "num.network.threads": "2",
    "num.io.threads": "2",
    "num.recovery.threads.per.data.dir": "1",
    "background.threads": "2",
    # 128 MiB by default, a quarter of the heap; enough here for a third of a million keys at a time.
    "log.cleaner.dedupe.buffer.size": "8388608",
}


@dataclass(frozen=True)
class Listeners:
    """Where the node listens: `bind` is the address for clients, `advertised_*` what they are told to connect to.

    The two inner ports are bound to loopback alone. Brokers talk to themselves over a listener of their own, since
    from inside a container the advertised address need not be reachable.
    """

    bind: str
    client_port: int
    advertised_host: str
    advertised_port: int
    broker_port: int
    controller_port: int


@dataclass(frozen=True)
class Additions:
    """What a node has besides: `listeners` by name with their security protocol, properties, and options of its JVM."""

    listeners: Mapping[str, str] = field(default_factory=dict)
    properties: Mapping[str, str] = field(default_factory=dict)
    java_options: Sequence[str] = ()


def with_additions(properties: Mapping[str, str], additions: Additions, addresses: Mapping[str, str]) -> dict[str, str]:
    """Return the configuration with more listeners, each at its own of the `addresses` (`host:port`), and more keys."""
    more = [f"{name}://{addresses[name]}" for name in additions.listeners]
    protocols = [f"{name}:{protocol}" for name, protocol in additions.listeners.items()]
    return {
        **properties,
        "listeners": ",".join([properties["listeners"], *more]),
        "advertised.listeners": ",".join([properties["advertised.listeners"], *more]),
        "listener.security.protocol.map": ",".join([properties["listener.security.protocol.map"], *protocols]),
        **additions.properties,
    }


def server_properties(listeners: Listeners, log_dir: str) -> dict[str, str]:
    """Return the whole configuration of the node by key, ready for a file or for variables."""
    at = listeners
    broker = f"BROKER://127.0.0.1:{at.broker_port}"
    return {
        **_FIXED,
        "listeners": (f"CLIENT://{at.bind}:{at.client_port},{broker},CONTROLLER://127.0.0.1:{at.controller_port}"),
        "advertised.listeners": f"CLIENT://{at.advertised_host}:{at.advertised_port},{broker}",
        "controller.quorum.voters": f"1@127.0.0.1:{at.controller_port}",
        "log.dirs": log_dir,
    }


def as_file(properties: Mapping[str, str]) -> str:
    r"""Return the text of a `server.properties`; in that format `\` starts an escape."""
    lines = (f"{key}={value}".replace("\\", "\\\\") for key, value in properties.items())
    return "\n".join(lines) + "\n"


def as_variables(properties: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that the image `apache/kafka` turns into the same properties."""
    named = {
        "KAFKA_" + key.replace("_", "__").replace("-", "___").replace(".", "_").upper(): value
        for key, value in properties.items()
    }
    return {**named, "CLUSTER_ID": CLUSTER_ID}
