"""Which Kafka to take, and what is said when there is none."""

import re
from collections.abc import Callable, Coroutine, Mapping

import pytest

from bridge.kafka.local.jars import pinned_version
from bridge.kafka.local.ladder import (
    How,
    NoLocalKafka,
    java_major,
    java_refusal,
    kafka_version,
    none_of_them,
    ways,
)
from bridge.kafka.local.start import first_open

Openers = Mapping[How, Callable[[], Coroutine[None, None, How]]]


def opener(way: How, refusal: str | None) -> Callable[[], Coroutine[None, None, How]]:
    """Return a way that is open, or refuses."""

    async def go() -> How:
        if refusal is not None:
            raise NoLocalKafka(refusal)
        return way

    return go


def openers(**refusals: str | None) -> Openers:
    return {way: opener(way, refusals.get(way)) for way in ("given", "docker", "java")}


@pytest.mark.parametrize(
    ("environ", "own", "expected"),
    [
        ({}, False, ("docker", "java")),
        ({}, True, ("docker", "java")),
        ({"KAFKA_BOOTSTRAP": ""}, False, ("docker", "java")),
        ({"KAFKA_BOOTSTRAP": "  "}, False, ("docker", "java")),
        ({"KAFKA_BOOTSTRAP": "localhost:9092"}, False, ("given",)),
        ({"KAFKA_BOOTSTRAP": "localhost:9092"}, True, ("docker", "java")),
    ],
)
def test_a_given_broker_is_the_only_way_unless_it_shall_be_killed(
    environ: dict[str, str], own: bool, expected: tuple[How, ...]
) -> None:
    """KAFKA_BOOTSTRAP goes before everything, an empty one counts as unset, and `own` passes over it."""
    assert ways(environ, own=own) == expected


@pytest.mark.parametrize(
    ("output", "major"),
    [
        ('openjdk version "17.0.15" 2025-04-15\nOpenJDK Runtime Environment (build 17.0.15+6)', 17),
        ('openjdk version "21" 2023-09-19', 21),
        ('openjdk version "22-ea" 2024-03-19', 22),
        ('java version "1.8.0_292"', 8),
        ('java version "11.0.2" 2019-01-15 LTS', 11),
        ('Picked up JAVA_TOOL_OPTIONS: -Xmx1g\nopenjdk version "17.0.1" 2021-10-19', 17),
        ("The operation couldn't be completed. Unable to locate a Java Runtime.", None),
        ("", None),
    ],
)
def test_the_major_version_of_java_is_read_from_what_it_prints(output: str, major: int | None) -> None:
    """Old and new version schemes are told apart, and a stub that is no Java has no version."""
    assert java_major(output) == major


@pytest.mark.parametrize(
    ("output", "maven", "refusal"),
    [
        ('openjdk version "17.0.15"', True, None),
        ('openjdk version "25"', True, None),
        ('openjdk version "17.0.15"', False, "the mvn command is missing"),
        ('openjdk version "16.0.2"', True, "java is version 16, 17 is needed"),
        ('openjdk version "16.0.2"', False, "java is version 16, 17 is needed"),
        (None, True, "no java command that runs"),
        ("no runtime here", True, "no java command that runs"),
        (None, False, "neither java nor mvn is there"),
    ],
)
def test_the_java_way_is_open_with_java_17_and_maven_alone(
    output: str | None, maven: bool, refusal: str | None
) -> None:
    """Whatever is missing is named."""
    assert java_refusal(output, maven=maven) == refusal


def test_without_any_way_one_sentence_names_all_three() -> None:
    """The sentence says what to do and why each way is closed now."""
    sentence = none_of_them({"docker": "no engine answers", "java": "the mvn command is missing."})
    assert sentence == (
        "No local Kafka can be had: set KAFKA_BOOTSTRAP to a broker's host:port, or start a Docker engine "
        "(now: no engine answers), or install Java 17 with Maven (now: the mvn command is missing)."
    )


def test_the_pom_pins_one_version_of_kafka() -> None:
    """The version that the jars and the image share is the one of the checked-in pom."""
    assert re.fullmatch(r"4\.\d+\.\d+", pinned_version())
    assert kafka_version("<a><kafka.version> 4.1.2 </kafka.version></a>") == "4.1.2"
    with pytest.raises(NoLocalKafka, match=r"names no kafka\.version"):
        kafka_version("<a><kafka.version>${other}</kafka.version></a>")


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("refusals", "taken"),
    [({}, "docker"), ({"docker": "no engine answers"}, "java")],
)
async def test_the_first_way_that_is_open_is_taken(refusals: dict[str, str | None], taken: How) -> None:
    """A closed way leads to the next one."""
    assert await first_open(ways({}, own=False), openers(**refusals)) == taken


@pytest.mark.asyncio
async def test_with_every_way_closed_the_sentence_is_the_error() -> None:
    """Nothing stands in for Kafka."""
    with pytest.raises(NoLocalKafka, match=r"now: why one.*now: why two"):
        await first_open(ways({}, own=False), openers(docker="why one", java="why two"))


@pytest.mark.asyncio
async def test_a_given_broker_that_fails_is_not_replaced_by_another() -> None:
    """Whoever names a broker learns that it does not answer."""
    with pytest.raises(NoLocalKafka, match=r"^it is silent$"):
        await first_open(("given", "java"), openers(given="it is silent"))
