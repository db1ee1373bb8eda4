"""The client library's log in an outage."""

import logging
from collections.abc import Iterator

import pytest
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaConnectionError

from bridge.kafka.log_filter import OneOfAKind, quieten_library


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def quiet(clock: Clock) -> Iterator[None]:
    """Install the filter and take it away again."""
    level = logging.getLogger("aiokafka").level
    installed = quieten_library(clock)
    yield
    logging.getLogger("aiokafka").setLevel(level)
    for name in logging.root.manager.loggerDict:
        logging.getLogger(name).removeFilter(installed)


@pytest.mark.asyncio
@pytest.mark.usefixtures("quiet")
async def test_what_the_bridge_says_itself_is_dropped(caplog: pytest.LogCaptureFixture) -> None:
    """Why a client cannot begin stands in a line of ours, so the library's is not written at all."""
    with pytest.raises(KafkaConnectionError):
        await AIOKafkaClient(bootstrap_servers="127.0.0.1:1").bootstrap()
    assert caplog.messages == []


def test_nothing_is_written_while_the_cause_is_known(clock: Clock) -> None:
    """The bridge has said why there is no connection: until there is one again the library has nothing to add."""
    known = [False]
    quiet = OneOfAKind(clock, explained=lambda: known[0])
    record = logging.LogRecord("aiokafka", logging.ERROR, "", 0, "Unable to update metadata from %s", ([1],), None)
    written = []
    for known[0] in (False, True, True, False):
        clock.now += 100
        written.append(quiet.filter(record))
    assert written == [True, False, False, True]


@pytest.mark.usefixtures("quiet")
def test_of_a_flood_one_line_a_minute_is_written(clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    """80 lines a second for two minutes: three lines, the later ones with the number of those dropped."""
    log = logging.getLogger("aiokafka")
    for step in range(2 * 60 * 80 + 1):
        clock.now = step / 80
        log.error("Unable connect to node with id %s: %s", 1, "refused")
    assert [record.getMessage() for record in caplog.records] == [
        "Unable connect to node with id 1: refused",
        "Unable connect to node with id 1: refused (4799 more like it)",
        "Unable connect to node with id 1: refused (4799 more like it)",
    ]


@pytest.mark.usefixtures("quiet")
def test_another_kind_is_written_at_once(caplog: pytest.LogCaptureFixture) -> None:
    """Another text, level or logger is another kind; other values are not."""
    for log in (logging.getLogger("aiokafka"), logging.getLogger("aiokafka.producer.sender")):
        for value in ("a", "b"):
            log.warning("Got error produce response: %s", value)
            log.error("Got error produce response: %s", value)
    assert [(record.name, record.levelname) for record in caplog.records] == [
        ("aiokafka", "WARNING"),
        ("aiokafka", "ERROR"),
        ("aiokafka.producer.sender", "WARNING"),
        ("aiokafka.producer.sender", "ERROR"),
    ]


@pytest.mark.usefixtures("quiet")
def test_payloads_in_debug_lines_are_never_written(caplog: pytest.LogCaptureFixture) -> None:
    """The library writes keys and values of records at DEBUG, whatever level the root has."""
    with caplog.at_level(logging.DEBUG):
        logging.getLogger("aiokafka.producer.producer").debug("Sending (key=%s value=%s) to %s", "k", "v", "t")
    assert not caplog.records


def test_kinds_are_bounded(clock: Clock) -> None:
    """Texts that never repeat do not pile up."""
    quiet = OneOfAKind(clock)
    for number in range(2_000):
        assert quiet.filter(logging.LogRecord("aiokafka", logging.ERROR, "", 0, f"text {number}", None, None))
    assert len(quiet._seen) <= 500


@pytest.mark.usefixtures("quiet")
def test_installing_again_changes_nothing(clock: Clock) -> None:
    """A second start in one process does not stack filters."""
    assert isinstance(quieten_library(clock), OneOfAKind)
    assert sum(isinstance(item, OneOfAKind) for item in logging.getLogger("aiokafka").filters) == 1
