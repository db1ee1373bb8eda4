"""The settings of the local broker."""

from bridge.kafka.local.properties import CLUSTER_ID, Listeners, as_file, as_variables, server_properties

ON_THIS_MACHINE = Listeners("127.0.0.1", 20001, "127.0.0.1", 20001, 20002, 20003)
IN_A_CONTAINER = Listeners("0.0.0.0", 9092, "127.0.0.1", 20001, 9093, 9094)

EXPECTED = """\
process.roles=broker,controller
node.id=1
controller.listener.names=CONTROLLER
inter.broker.listener.name=BROKER
listener.security.protocol.map=CLIENT:PLAINTEXT,BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT
auto.create.topics.enable=false
delete.topic.enable=true
default.replication.factor=1
min.insync.replicas=1
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
offsets.topic.num.partitions=4
transaction.state.log.num.partitions=4
share.coordinator.state.topic.num.partitions=1
group.initial.rebalance.delay.ms=0
broker.session.timeout.ms=3000
broker.heartbeat.interval.ms=500
num.network.threads=2
num.io.threads=2
num.recovery.threads.per.data.dir=1
background.threads=2
log.cleaner.dedupe.buffer.size=8388608
listeners=CLIENT://127.0.0.1:20001,BROKER://127.0.0.1:20002,CONTROLLER://127.0.0.1:20003
advertised.listeners=CLIENT://127.0.0.1:20001,BROKER://127.0.0.1:20002
controller.quorum.voters=1@127.0.0.1:20003
log.dirs=/somewhere/data
"""


def as_the_image_reads(variable: str) -> str:
    """Return the property that the image makes of a variable, by the rules that it documents."""
    name = variable.removeprefix("KAFKA_").lower()
    return name.replace("_", ".").replace("...", "-").replace("..", "_")


def test_the_file_is_a_single_node_of_kafka() -> None:
    """One node, broker and controller, on loopback, without what a cluster needs."""
    assert as_file(server_properties(ON_THIS_MACHINE, "/somewhere/data")) == EXPECTED


def test_a_backslash_in_a_path_is_escaped() -> None:
    """The format of the file takes it for the start of an escape."""
    assert as_file({"log.dirs": r"C:\data"}) == "log.dirs=C:\\\\data\n"


def test_in_a_container_clients_are_told_the_port_of_the_host() -> None:
    """It listens where Docker forwards to, advertises what clients reach, and speaks to itself inside."""
    inside = server_properties(IN_A_CONTAINER, "/var/lib/kafka/data")
    assert inside["listeners"] == "CLIENT://0.0.0.0:9092,BROKER://127.0.0.1:9093,CONTROLLER://127.0.0.1:9094"
    assert inside["advertised.listeners"] == "CLIENT://127.0.0.1:20001,BROKER://127.0.0.1:9093"


def test_both_ways_run_the_same_broker() -> None:
    """Read back by the image's own rules the variables are the same properties."""
    properties = {**server_properties(IN_A_CONTAINER, "/data"), "a-b.c_d": "names with every separator"}
    variables = as_variables(properties)
    assert variables.pop("CLUSTER_ID") == CLUSTER_ID
    assert {as_the_image_reads(name): value for name, value in variables.items()} == properties
