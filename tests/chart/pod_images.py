"""What stands in for the images that containers are made from: programs of this host."""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.chart.pod_network import POD_ADDRESS


@dataclass(frozen=True)
class Image:
    """An entry point, the user where nobody else is named, the ports that it exposes, and folders its user may write.

    `files` are files and folders of this host by the path that they have in the image. `at_its_address_alone` says that
    its ports stay free at other addresses of its network, where relays to other containers may want them.
    """

    entrypoint: Sequence[str]
    uid: int
    gid: int
    exposed: Sequence[int] = ()
    writable: Sequence[str] = ()
    files: Mapping[str, Path] = field(default_factory=dict)
    at_its_address_alone: bool = False


BRIDGE: Final = Image(("bridge",), 10001, 0, (8080, 9090), ("/tmp",))
"""That of deploy/Dockerfile; Python and the bridge are those of the checkout."""

_KAFKA: Final = """
java="{java} -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Dorg.slf4j.simpleLogger.defaultLogLevel=warn"
heap=${{KAFKA_HEAP_OPTS:--Xmx1G -Xms1G}}
$java $heap -cp '/opt/kafka/libs/*' kafka.docker.KafkaDockerWrapper setup --default-configs-dir /etc/kafka/docker \\
  --mounted-configs-dir /mnt/shared/config --final-configs-dir /opt/kafka/config
exec $java $heap -cp '/opt/kafka/libs/*' kafka.Kafka /opt/kafka/config/server.properties
"""
# What the image's own scripts do; the class that turns variables into properties is Kafka's own.


def kafka_image(jars: Path) -> Image:
    """Stand in for `apache/kafka` with its jars and the Java of this host."""
    found = shutil.which("java")
    assert found, "java is missing"
    java = Path(found).resolve()
    settings = (java.parents[1] / "conf" / "security" / "java.security").resolve().parents[1]
    # Debian keeps them elsewhere than Java.
    folders = [folder for folder in (java.parents[1], settings) if not folder.is_relative_to("/usr")]
    return Image(
        entrypoint=("sh", "-euc", _KAFKA.format(java=java)),
        uid=1000,
        gid=1000,
        exposed=(9092,),
        writable=("/tmp", "/opt/kafka/config", "/var/lib/kafka/data"),
        # Each by itself: their folder is for its owner's eyes alone.
        files={
            **{f"/opt/kafka/libs/{jar.name}": jar for jar in jars.glob("*.jar")},
            **{str(folder): folder for folder in folders},
        },
    )


def prometheus_image() -> Image:
    """Stand in for `prom/prometheus` with the program on the PATH."""
    found = shutil.which("prometheus")
    assert found, "prometheus is missing: run `make chart`, which puts .venv-chart/bin before PATH"
    program = Path(found).resolve()
    entrypoint = (str(program), f"--web.listen-address={POD_ADDRESS}:9090")
    return Image(
        entrypoint, 65534, 65534, (9090,), ("/prometheus",), {str(program): program}, at_its_address_alone=True
    )
