"""What the vendor gave, in the shape of our events."""

import orjson
import pytest
from jsonschema import Draft202012Validator

from bridge.commands.items import SHAPES, item_data, list_data
from bridge.commands.vendor_requests import vendor_request
from bridge.events.catalogue import EventName, event_type
from bridge.events.command_catalogue import CommandName, command_type
from bridge.events.models import MODELS
from bridge.events.schemas import schema
from bridge.pbx.numbers import e164_reader
from bridge.pbx.requests import Collection, Dial, GetItem, ListLostCalls
from bridge.pbx.responses import Item, Rows
from tests.commands.records import DIAL, binary, command

LT = e164_reader("LT")
COLLECTIONS = {
    CommandName.GET_AUDIO_PROMPT: (Collection.AUDIO_PROMPTS, {"id": 7}),
    CommandName.GET_CALL: (Collection.CALL_HISTORY, {"callID": 7}),
    CommandName.GET_RECORDING: (Collection.CALL_RECORDS, {"recordingID": 7}),
    CommandName.GET_CONTACT: (Collection.CONTACTS, {"contactID": 7}),
    CommandName.GET_GROUP: (Collection.GROUPS, {"groupID": 7}),
    CommandName.GET_VOICEMAIL_BOX: (Collection.VOICEMAIL_BOXES, {"voicemailBoxID": 7}),
    CommandName.GET_VOICEMAIL: (Collection.VOICEMAILS, {"voicemailID": 7}),
    CommandName.GET_VOIP_ENDPOINT: (Collection.VOIP_ENDPOINTS, {"id": 7}),
}
LOST = {
    "contact_name": "Andris Berzins",
    "destination": "23332222",
    "attempts": 3,
    "callerid": "+37060012345",
    "last_contact": "2018-01-16T11:26:59+0000",
}


def item(fields: dict[str, object]) -> Item:
    raw = orjson.dumps({"statusCode": 200, "data": fields})
    return Item(fields, raw)


def rows(*sent: object) -> Rows:
    return Rows(sent, orjson.dumps({"statusCode": 200, "data": sent}))


@pytest.mark.parametrize("name", COLLECTIONS)
def test_each_get_asks_its_collection(name: CommandName) -> None:
    """By the id as an integer."""
    read = command(binary({"id": "0007"}, type=command_type(name)))
    assert vendor_request(read.data) == GetItem(COLLECTIONS[name][0], 7)


def test_a_dial_and_a_list_ask_for_what_they_say() -> None:
    """Every field, none in another's place."""
    assert vendor_request(command(binary(DIAL)).data) == Dial(224, "37060000000")
    filters = {
        "destination": "23332222",
        "date_from": "2018-01-16T00:00:00Z",
        "date_to": "2018-01-17T00:00:00Z",
        "limit": 3,
        "offset": 4,
    }
    request = vendor_request(command(binary(filters, type=command_type(CommandName.LIST_LOST_CALLS))).data)
    assert isinstance(request, ListLostCalls)
    assert (request.destination, request.limit, request.offset) == ("23332222", 3, 4)
    assert (f"{request.date_from:%F}", f"{request.date_to:%F}") == ("2018-01-16", "2018-01-17")


def test_every_command_but_a_dial_has_a_shape() -> None:
    """And each get its own."""
    assert SHAPES.keys() == {*CommandName} - {CommandName.DIAL}
    assert len({*SHAPES.values()}) == len(SHAPES)


@pytest.mark.parametrize("name", COLLECTIONS)
def test_an_item_has_the_shape_of_its_listed_event(name: CommandName) -> None:
    """Held against the event's published schema, with all fields in their order."""
    shape = SHAPES[name]
    data = item_data(shape, item({**COLLECTIONS[name][1], "new": 1.10}), LT)
    assert data is not None
    read = orjson.loads(data)
    Draft202012Validator(schema(event_type(shape))).validate(read)
    assert [*read] == [*MODELS[shape].model_fields]
    assert 7 in read.values()
    assert read["extra"] == {"new": 1.1}


@pytest.mark.parametrize("name", COLLECTIONS)
def test_what_lacks_its_id_is_no_item(name: CommandName) -> None:
    """Whatever else it holds."""
    assert item_data(SHAPES[name], item({"name": "x"}), LT) is None


def test_a_list_has_the_shape_of_lost_callers() -> None:
    """In the vendor's order, numbers normalised."""
    listed = list_data(EventName.LOST_CALLER_ADDED, rows(LOST, {**LOST, "callerid": "23332222"}), LT)
    read = orjson.loads(listed.data)
    for row in read:
        Draft202012Validator(schema("pbx.lost-caller.added.v1")).validate(row)
    assert [row["caller"] for row in read] == ["+37060012345", "23332222"]
    assert read[0]["caller_e164"] == "+37060012345"
    assert (listed.rows, listed.left_out) == (2, 0)


def test_rows_that_cannot_be_understood_are_counted() -> None:
    """They hide none of the others."""
    listed = list_data(EventName.LOST_CALLER_ADDED, rows(5, LOST, {**LOST, "callerid": ""}, None, [LOST]), LT)
    assert len(orjson.loads(listed.data)) == 1
    assert (listed.rows, listed.left_out) == (1, 4)


def test_an_empty_list_is_one() -> None:
    """The vendor's 404."""
    assert list_data(EventName.LOST_CALLER_ADDED, Rows((), b""), LT).data == b"[]"
