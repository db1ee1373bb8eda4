"""Start a local Kafka the first way that is open."""

import os
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Literal, Protocol, TypeVar

from bridge.kafka.local.answers import answers, wait_until_answers
from bridge.kafka.local.container import start_in_container
from bridge.kafka.local.jvm import start_in_jvm
from bridge.kafka.local.ladder import BOOTSTRAP_VARIABLE, How, NoLocalKafka, none_of_them, ways
from bridge.kafka.local.ports import check_port

GIVEN_TIMEOUT = 10.0
# Seconds for a broker that somebody else runs: it is either there or it is not.


class LocalKafka(Protocol):
    """A running Apache Kafka of one node for the demo and the tests."""

    bootstrap: str
    """`host:port`, the same for its whole life."""

    @property
    def how(self) -> How:
        """The way it was started."""

    async def stop(self) -> None:
        """Stop what was started and remove its data; nothing happens to a given broker. Safe to call again."""

    async def kill(self) -> None:
        """End the broker by SIGKILL, as a power cut would; its port and data stay. `NoLocalKafka` if it was given."""

    async def restart(self) -> None:
        """Start the broker again on the same port and data and wait until it answers, killing it first if it runs.

        Raise `NoLocalKafka` when it was given, or does not come back.
        """


class GivenKafka:
    """A broker that somebody else runs: used, never stopped."""

    how: Literal["given"] = "given"

    def __init__(self, bootstrap: str) -> None:
        self.bootstrap = bootstrap

    async def stop(self) -> None:
        """Leave it running."""

    async def kill(self) -> None:
        """Refuse."""
        raise NoLocalKafka(f"The Kafka of {BOOTSTRAP_VARIABLE} is not ours to kill: unset it to get one that is.")

    async def restart(self) -> None:
        """Refuse."""
        raise NoLocalKafka(f"The Kafka of {BOOTSTRAP_VARIABLE} is not ours to restart: unset it to get one that is.")


Broker = TypeVar("Broker")


async def start_local_kafka(
    say: Callable[[str], None],
    *,
    environ: Mapping[str, str] = os.environ,
    own: bool = False,
    port: int | None = None,
) -> LocalKafka:
    """Return a Kafka that answers: the given one, one in Docker, or one in a JVM, in this order.

    `say` gets a line for a person at each step that takes longer than a moment. `own` passes over `KAFKA_BOOTSTRAP`,
    for who wants to kill the broker. `port` is the port on 127.0.0.1, by default a free one. Raise `NoLocalKafka`, a
    sentence that says what to do, when there is none to be had.
    """
    order = ways(environ, own=own)
    if order[0] != "given":
        check_port(port)
    openers: Mapping[How, Callable[[], Coroutine[None, None, LocalKafka]]] = {
        "given": lambda: take_given(environ, say),
        "docker": lambda: start_in_container(say, port),
        "java": lambda: start_in_jvm(environ, say, port),
    }
    return await first_open(order, openers)


async def first_open(
    order: Sequence[How], openers: Mapping[How, Callable[[], Coroutine[None, None, Broker]]]
) -> Broker:
    """Return what the first way gives that can be gone; raise `NoLocalKafka` with the reason of each when none can."""
    reasons: dict[How, str] = {}
    for way in order:
        try:
            return await openers[way]()
        except NoLocalKafka as refusal:
            if way == "given":
                raise
            reasons[way] = str(refusal)
    raise NoLocalKafka(none_of_them(reasons))


async def take_given(environ: Mapping[str, str], say: Callable[[str], None]) -> GivenKafka:
    """Return the broker that the environment names, if it answers; raise `NoLocalKafka` if it does not."""
    bootstrap = environ[BOOTSTRAP_VARIABLE].strip()
    if await answers(bootstrap):
        return GivenKafka(bootstrap)
    say(f"Waiting for the Kafka that {BOOTSTRAP_VARIABLE} names, {bootstrap}")
    if not await wait_until_answers(bootstrap, GIVEN_TIMEOUT):
        raise NoLocalKafka(
            f"The Kafka that {BOOTSTRAP_VARIABLE} names, {bootstrap}, does not answer: start it, or unset the variable."
        )
    return GivenKafka(bootstrap)
