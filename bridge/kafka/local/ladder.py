"""Which Kafka to take: pure decisions about the three ways, and the sentences that are said about them.

The order is a given broker, a Docker engine, Java 17 with Maven. A way that cannot be gone says why; when none can be
gone the caller gets one sentence that names all three, never a stand-in for Kafka.
"""

import re
from collections.abc import Mapping
from typing import Literal

How = Literal["given", "docker", "java"]

BOOTSTRAP_VARIABLE = "KAFKA_BOOTSTRAP"

LEAST_JAVA = 17
# What the brokers of Apache Kafka 4 are compiled for.

_JAVA_VERSION = re.compile(r'version "(\d+)(?:\.(\d+))?')
_KAFKA_VERSION = re.compile(r"<kafka\.version>\s*([0-9][0-9A-Za-z.-]*)\s*</kafka\.version>")


class NoLocalKafka(Exception):
    """No Kafka to be had this way, or it did not do what was asked; the message is one sentence for a person."""


def ways(environ: Mapping[str, str], *, own: bool) -> tuple[How, ...]:
    """Return the ways to try, in order; `own` asks for a broker that may be killed, which a given one may not."""
    if not own and environ.get(BOOTSTRAP_VARIABLE, "").strip():
        # Whoever names a broker wants that one: starting another behind their back would hide a typing error.
        return ("given",)
    return ("docker", "java")


def java_major(output: str) -> int | None:
    """Return the major version in what `java -version` prints, or None; 1.8 is 8."""
    found = _JAVA_VERSION.search(output)
    if found is None:
        return None
    first, second = int(found[1]), found[2]
    return int(second) if first == 1 and second is not None else first


def java_refusal(version_output: str | None, *, maven: bool) -> str | None:
    """Return why the Java way is closed, or None when it is open; `version_output` is None where `java` is missing."""
    major = None if version_output is None else java_major(version_output)
    if major is None:
        return "no java command that runs" if maven else "neither java nor mvn is there"
    if major < LEAST_JAVA:
        return f"java is version {major}, {LEAST_JAVA} is needed"
    return None if maven else "the mvn command is missing"


def kafka_version(pom: str) -> str:
    """Return the version of Kafka that the text of the pom pins; raise `NoLocalKafka` where it pins none."""
    found = _KAFKA_VERSION.search(pom)
    if found is None:
        raise NoLocalKafka("The pom.xml of the local Kafka names no kafka.version: take the file as it was delivered.")
    return found[1]


def none_of_them(reasons: Mapping[How, str]) -> str:
    """Return the one sentence for when every way is closed; `reasons` says why each one is."""
    docker, java = reasons.get("docker", "not tried"), reasons.get("java", "not tried")
    docker, java = docker.rstrip("."), java.rstrip(".")
    return (
        f"No local Kafka can be had: set {BOOTSTRAP_VARIABLE} to a broker's host:port, or start a Docker engine "
        f"(now: {docker}), or install Java {LEAST_JAVA} with Maven (now: {java})."
    )
