"""`bridge doubts` on a real Kafka, and its table."""

import json
from pathlib import Path

import orjson
import pytest
import pytest_asyncio

from bridge.calls.conclusions import TAKEN_OVER, Conclusion, Status
from bridge.calls.dial_states import Resolution
from bridge.calls.orders import Reference
from bridge.cli.doubt_table import Gathering, table
from bridge.cli.event_line import event_line
from bridge.commands.result_records import ResultRecords
from bridge.events.cloudevents import ReceivedEvent, read_event
from bridge.events.records import Record
from bridge.kafka.client_options import ClientOptions
from bridge.kafka.local import LocalKafka
from bridge.kafka.reader import TopicReader
from bridge.pbx.numbers import e164_reader
from bridge.pbx.responses import Done, Rows
from tests.cli.installations import Installation

RECORDS = ResultRecords(topic_prefix="pbx", public_url=None, to_e164=lambda _: e164_reader(None))
ACCEPTED_MS = 1_516_102_019_120
MINUTE_MS = 60_000
DIALLED = Conclusion(Status.OK, answer=Done(), http_status=200, attempts=1)
DIAL_TYPE = "pbx.command.dial.v1"


def dial(id_: str, connection: str = "acme") -> Reference:
    return Reference(connection, "/crm", id_, DIAL_TYPE, ACCEPTED_MS)


def result(reference: Reference, conclusion: Conclusion, records: ResultRecords = RECORDS) -> Record:
    return records.result(reference, conclusion, ACCEPTED_MS + 60, ACCEPTED_MS + 300)


def resolved(reference: Reference, resolution: Resolution, records: ResultRecords = RECORDS) -> Record:
    return records.resolved(reference, resolution, ACCEPTED_MS + 9_000)


def event(record: Record) -> ReceivedEvent:
    return read_event(record.headers, record.value)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def installation(kafka: LocalKafka, tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """Give an installation that had three doubts, and a lie that was never committed."""
    made = Installation(kafka.bootstrap, tmp_path_factory.mktemp("doubts"))
    await made.create(made.results)
    open_, seen, unseen, sure = dial("open"), dial("seen"), dial("unseen", "shop"), dial("sure")
    records = made.records
    truth = [
        result(seen, TAKEN_OVER, records),
        result(unseen, TAKEN_OVER, records),
        result(open_, TAKEN_OVER, records),
        result(sure, DIALLED, records),
        resolved(seen, Resolution("call_observed", 150818921852), records),
        resolved(unseen, Resolution("not_observed"), records),
    ]
    lies = [resolved(open_, Resolution("not_observed"), records), result(dial("lie"), TAKEN_OVER, records)]
    await made.publish_each([(truth, True), (lies, False)])
    return made


@pytest.mark.asyncio
async def test_doubts_are_listed_with_their_endings(installation: Installation) -> None:
    """Open for how long, the call that was seen, or nothing; what was never committed does not count. Exit 0."""
    run = await installation.bridge("doubts")
    assert (run.exit_code, run.stderr) == (0, "")
    head, *lines = run.stdout.splitlines()
    assert head.split() == ["in", "doubt", "since", "connection", "command", "ended"]
    rows = {line.split()[3]: line.split(maxsplit=4)[2:] for line in lines}
    assert rows.keys() == {"open", "seen", "unseen"}
    assert rows["seen"] == ["acme", "seen", "call_observed: call 150818921852"]
    assert rows["unseen"] == ["shop", "unseen", "not_observed"]
    assert rows["open"][2].startswith("open for ")


@pytest.mark.asyncio
async def test_doubts_of_one_connection_for_machines(installation: Installation) -> None:
    """One array on one line."""
    run = await installation.bridge("doubts", "--connection", "acme", "--json", "--since", "1h")
    listed = {doubt["command_id"]: doubt for doubt in json.loads(run.stdout)}
    assert listed.keys() == {"open", "seen"}
    assert listed["seen"] | {"in_doubt_since": "", "ended": ""} == {
        "connection": "acme",
        "source": "/crm",
        "command_id": "seen",
        "correlation_id": None,
        "code": "owner_lost",
        "in_doubt_since": "",
        "outcome": "call_observed",
        "call_id": 150818921852,
        "ended": "",
    }
    assert (listed["open"]["outcome"], listed["open"]["ended"]) == (None, None)


@pytest.mark.asyncio
async def test_without_doubts_it_says_so(installation: Installation) -> None:
    """Also where the time asked for holds none; exit 0."""
    run = await installation.bridge("doubts", "--connection", "nobody", "--since", "90m")
    assert (run.exit_code, run.output) == (0, "no dials in doubt in the last 1h 30m\n")
    run = await installation.bridge("doubts", "--since", "0s")
    assert (run.exit_code, run.output) == (0, "no dials in doubt in the last 0ms\n")


@pytest.mark.asyncio
async def test_a_missing_topic_is_named(kafka: LocalKafka, tmp_path: Path) -> None:
    """One sentence, exit 1."""
    nothing = Installation(kafka.bootstrap, tmp_path)
    run = await nothing.bridge("doubts")
    sentence = (
        f"bridge: {nothing.results} does not exist, or we may not see it: "
        "bridge topics apply creates topics, bridge topics rights lists the rights that each role needs\n"
    )
    assert (run.exit_code, run.output) == (1, sentence)


@pytest.mark.asyncio
async def test_reading_until_now_ends(installation: Installation) -> None:
    """All that is committed, without what was aborted or comes later; a topic's end may be an abort's mark."""
    async with TopicReader(ClientOptions(installation.bootstrap)) as reader:
        await reader.follow([installation.results], 0)
        reading = reader.until_now()
        read = [await anext(reading)]
        await installation.publish(result(dial("later"), DIALLED, installation.records))
        read += [record async for record in reading]
    types = sorted(event.attributes["commandid"] for event in (read_event(r.headers, r.value) for r in read))
    assert types == ["open", "seen", "seen", "sure", "unseen", "unseen"]


def test_an_old_open_doubt_hints_at_the_workers() -> None:
    """Within five minutes there is nothing to look at."""
    gathering = Gathering()
    gathering.add(event(result(dial("c"), TAKEN_OVER)), ACCEPTED_MS)
    doubts = gathering.doubts()
    assert table(doubts, ACCEPTED_MS + 5 * MINUTE_MS)[1:] == [
        "2018-01-16 11:26:59.120  acme        c        open for 5m"
    ]
    *_, hint = table(doubts, ACCEPTED_MS + 5 * MINUTE_MS + 1)
    assert hint == "A doubt ends within 5 minutes while a worker runs: see that one does."


def test_order_and_strangers_do_not_matter_to_a_doubt() -> None:
    """A resolution may be read before its result; what no worker wrote, or ends nothing, is passed over."""
    gathering = Gathering()
    gathering.add(event(resolved(dial("c"), Resolution("not_observed"))), ACCEPTED_MS + 9_000)
    gathering.add(event(resolved(dial("unknown"), Resolution("not_observed"))), ACCEPTED_MS)
    strange = event(result(dial("c"), TAKEN_OVER))
    gathering.add(ReceivedEvent(strange.attributes, b'{"status":"in_doubt"}'), ACCEPTED_MS)
    gathering.add(ReceivedEvent({"type": strange.type}, strange.data), ACCEPTED_MS)
    assert gathering.doubts() == []
    gathering.add(strange, ACCEPTED_MS)
    (doubt,) = gathering.doubts()
    assert (doubt.outcome, doubt.ended_ms) == ("not_observed", ACCEPTED_MS + 9_000)


def test_a_commands_id_cannot_forge_a_row() -> None:
    """Ids are the clients'."""
    gathering = Gathering()
    gathering.add(event(result(dial("c\u202e"), TAKEN_OVER)), ACCEPTED_MS)
    assert "c\\u202e" in table(gathering.doubts(), ACCEPTED_MS)[1]


def test_results_and_resolutions_have_lines_of_their_own() -> None:
    """`tail` shows which command ended how, and what became of a doubt."""
    lost = {"callerid": "22222222", "destination": "23332222", "last_contact": "2018-01-16T11:26:59+0000"}
    rows = Rows((lost, lost), orjson.dumps({"data": [lost, lost]}))
    listing = Reference("acme", "/crm", "b", "pbx.command.list-lost-calls.v1", ACCEPTED_MS)
    listed = Conclusion(Status.OK, answer=rows, http_status=200, attempts=2)
    prefix = "2018-01-16 11:26:59.420  command.result        acme      "
    assert (
        event_line(event(result(dial("a"), TAKEN_OVER))) == f"{prefix}{'a':<22}  dial  in_doubt  owner_lost  attempts 1"
    )
    assert event_line(event(result(listing, listed))) == (
        f"{prefix}{'b':<22}  list-lost-calls  ok  rows 2  http 200  attempts 2"
    )
    assert event_line(event(resolved(dial("a"), Resolution("call_observed", 7)))) == (
        f"2018-01-16 11:27:08.120  command.resolved      acme      {'a':<22}  call_observed  call/7"
    )
