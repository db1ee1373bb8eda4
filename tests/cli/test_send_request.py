"""What `bridge send` publishes, and what it refuses to."""

from collections.abc import Mapping

import orjson
import pytest

from bridge.cli.send.request import Request, WrongUse, make_request
from bridge.events.cloudevents import ReceivedEvent
from bridge.events.command_catalogue import RESOLVED_TYPE, RESULT_TYPE, CommandName
from bridge.events.command_examples import COMMAND_EXAMPLES, RESULT_EXAMPLES
from bridge.events.command_models import COMMAND_MODELS

DIAL: dict[str, str | int | None] = {"contact_id": "224", "destination": "37060000000"}
OPTIONS = {"contact_id": "--contact", "destination": "--to", "id": "ID", "date_from": "--from", "limit": "--limit"}
ANSWERED = {
    "specversion": "1.0",
    "id": "i",
    "source": "/connections/acme",
    "type": RESULT_TYPE,
    "commandid": "c",
    "commandsource": "/s",
    "connection": "acme",
}


def request_for(
    data: Mapping[str, str | int | None],
    name: CommandName = CommandName.DIAL,
    *,
    id_: str = "c",
    source: str = "/s",
    connection: str = "acme",
    correlation_id: str | None = None,
) -> Request:
    return make_request(
        name,
        connection,
        data,
        id_=id_,
        source=source,
        correlation_id=correlation_id,
        topic_prefix="pbx",
        options=OPTIONS,
    )


@pytest.mark.parametrize("name", list(CommandName))
def test_each_command_can_be_made_of_its_options(name: CommandName) -> None:
    """Options are texts; the data holds ids as integers, and absent fields not at all."""
    example = COMMAND_EXAMPLES[name][-1]
    given: dict[str, str | int | None] = {"absent": None}
    for field, value in example.items():
        given[field] = value if isinstance(value, int) and field in {"limit", "offset"} else str(value)
    record = request_for(given, name).record
    assert record.topic == "pbx.commands.v1"
    assert dict(record.headers)["ce_type"] == f"pbx.command.{name}.v1".encode()
    sent = orjson.loads(record.value)
    model = COMMAND_MODELS[name]
    assert model.model_validate(sent) == model.model_validate(example)
    assert sent.keys() == example.keys()
    assert all(type(sent[field]) is int for field in ("id", "contact_id") if field in sent)


@pytest.mark.parametrize(
    ("data", "name", "sentence"),
    [
        (
            {"contact_id": "Andris", "destination": "37060000000"},
            CommandName.DIAL,
            "--contact: must be an integer from 0 to 2^63-1, or a string of its digits",
        ),
        (
            {"contact_id": "224", "destination": "nobody"},
            CommandName.DIAL,
            "--to: must be a telephone number: 1 to 64 printable ASCII characters with at least one digit",
        ),
        ({}, CommandName.DIAL, "--contact: missing; --to: missing"),
        ({"id": ""}, CommandName.GET_CALL, "ID: must be an integer from 0 to 2^63-1, or a string of its digits"),
        (
            {"date_from": "today"},
            CommandName.LIST_LOST_CALLS,
            "--from: must be an RFC 3339 time with an offset, such as 2017-10-16T21:26:59Z",
        ),
        ({"limit": 501}, CommandName.LIST_LOST_CALLS, "--limit: Input should be less than or equal to 500"),
        ({**DIAL, "destination": "\udcff1"}, CommandName.DIAL, "an option holds bytes that are no UTF-8"),
    ],
)
def test_data_that_is_wrong_is_told_by_its_option(
    data: Mapping[str, str | int | None], name: CommandName, sentence: str
) -> None:
    """In one sentence, and nothing is published."""
    with pytest.raises(WrongUse) as wrong:
        request_for(data, name)
    assert str(wrong.value) == sentence


@pytest.mark.parametrize(
    ("attributes", "sentence"),
    [
        ({"id_": "x" * 257}, "--command-id: longer than 256 bytes"),
        ({"id_": ""}, "--command-id: missing"),
        ({"source": "\x1b"}, "--source: holds a control character"),
        ({"source": "\udcff"}, "an option holds bytes that are no UTF-8"),
        ({"connection": "Acme"}, "--connection: no name that a connection can have"),
        ({"correlation_id": "x" * 1025}, "--correlation-id: longer than 1024 bytes"),
    ],
)
def test_attributes_that_no_worker_takes_are_told_by_their_option(attributes: dict[str, str], sentence: str) -> None:
    """What the router would answer `invalid` to does not leave."""
    with pytest.raises(WrongUse) as wrong:
        request_for(DIAL, **attributes)  # type: ignore[arg-type] # the parameters are spelt out above
    assert str(wrong.value) == sentence


def test_an_answer_is_the_result_of_this_very_command() -> None:
    """Id, source and connection make its identity; a resolution is no result, nor is what no worker wrote."""
    request = request_for(DIAL)
    data = orjson.dumps(RESULT_EXAMPLES[RESULT_TYPE][0])
    answer = request.answer(ReceivedEvent(ANSWERED, data))
    assert answer is not None
    assert answer.result.status == "ok"
    for name in ("commandid", "commandsource", "connection"):
        assert request.answer(ReceivedEvent({**ANSWERED, name: "other"}, data)) is None
        assert request.answer(ReceivedEvent({k: v for k, v in ANSWERED.items() if k != name}, data)) is None
    assert request.answer(ReceivedEvent({**ANSWERED, "type": RESOLVED_TYPE}, data)) is None
    assert request.answer(ReceivedEvent(ANSWERED, b'{"status":"ok"}')) is None
