"""What the data of a command may be."""

import json
from datetime import UTC, datetime

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from bridge.commands.command import Command, Reason, Refusal
from bridge.commands.reading import read_command
from bridge.events.command_catalogue import CommandName, command_type
from bridge.events.command_models import Dial, ListLostCalls
from tests.commands.records import DIAL, binary, command, refusal, structured

LIST = command_type(CommandName.LIST_LOST_CALLS)


def dialled(**changed: object) -> Dial:
    data = command(binary({**DIAL, **changed})).data
    assert isinstance(data, Dial)
    return data


def listed(**data: object) -> ListLostCalls:
    read = command(binary(data, type=LIST)).data
    assert isinstance(read, ListLostCalls)
    return read


def problem(data: object, type_: str = "pbx.command.dial.v1") -> str:
    refused = refusal(binary(data, type=type_))
    assert refused.reason is Reason.INVALID_FIELDS
    return refused.detail


@pytest.mark.parametrize(
    ("sent", "known"), [(0, 0), (2**63 - 1, 2**63 - 1), ("224", 224), ("000224", 224), (str(2**63 - 1), 2**63 - 1)]
)
def test_an_id_is_an_integer_or_a_string_of_its_digits(sent: object, known: int) -> None:
    """As in what the vendor sends."""
    assert dialled(contact_id=sent).contact_id == known


@pytest.mark.parametrize(
    "sent", [-1, 2**63, 2**70, 224.0, True, None, "", "-1", " 224", "2_2", "٢٢٤", "22x", "9" * 5000, [224], {}]
)
def test_anything_else_is_no_id(sent: object) -> None:
    """A float may have lost digits, a boolean is a mistake."""
    value = json.dumps({**DIAL, "contact_id": sent}).encode()
    refused = refusal(binary()._replace(value=value))
    assert refused.detail == "data.contact_id: must be an integer from 0 to 2^63-1, or a string of its digits"


@pytest.mark.parametrize(
    ("sent", "known"),
    [
        ("37060000000", "37060000000"),
        (37060000000, "37060000000"),
        (0, "0"),
        ("+370 (6) 00-00000", "+370 (6) 00-00000"),
        ("*31#23332222", "*31#23332222"),
        ("112", "112"),
        ("sip:224@pbx.example.com", "sip:224@pbx.example.com"),
        ("1" * 64, "1" * 64),
    ],
)
def test_a_destination_is_sent_as_it_is(sent: object, known: str) -> None:
    """The vendor knows which numbers there are; a JSON number is its digits."""
    assert dialled(destination=sent).destination == known


@pytest.mark.parametrize(
    "sent", ["", " ", "undefined", "null", "1" * 65, "+370\n600", "٢٣", "23\u00a033", None, True, -5, 5.5, 1e30, [], {}]
)
def test_what_is_no_number_is_not_dialled(sent: object) -> None:
    """Without a digit, too long, or with characters that no number has."""
    refused = refusal(binary()._replace(value=json.dumps({**DIAL, "destination": sent}).encode()))
    assert refused.reason is Reason.INVALID_FIELDS
    assert refused.detail.startswith("data.destination: must be a telephone number: ")


def test_missing_and_unknown_fields_are_named() -> None:
    """All at once; a misspelt field is refused, since nobody can tell what was meant."""
    assert problem({}) == "data.contact_id: missing; data.destination: missing"
    assert problem({"contact_id": 224, "destnation": "1"}) == (
        "data.destination: missing; data.destnation: no field of this command"
    )
    assert problem({**DIAL, "at": "noon"}) == "data.at: no field of this command"
    assert problem({"date_form": "x"}, LIST) == "data.date_form: no field of this command"
    assert problem({**DIAL, **{f"x{n}": 1 for n in range(9)}}).endswith("; and 4 more")


def test_a_refusal_quotes_no_value() -> None:
    """A field's name may be a value in the wrong place, and the detail is kept for two weeks."""
    secret = "37061234567"
    for data in (
        {**DIAL, secret: 1},
        {**DIAL, f"+{secret}": 1},
        {**DIAL, "contact_id": f"x{secret}"},
        {**DIAL, "destination": [secret]},
    ):
        assert secret not in problem(data)
    assert secret not in problem({"date_from": secret, "limit": secret, "destination": {secret: 1}}, LIST)


def test_data_must_be_there_and_an_object() -> None:
    """`{}` where nothing is wanted."""
    for data, detail in ((None, "data: missing"), ([], "data: not an object"), ("{}", "data: not an object")):
        refused = refusal(structured(data, type=LIST))
        assert (refused.reason, refused.detail) == (Reason.INVALID_FIELDS, detail)
    assert listed() == ListLostCalls()


def test_a_list_takes_its_filters() -> None:
    """Dates of any offset; an empty text and null are no filter."""
    read = listed(destination=23332222, date_from="2018-01-16T00:00:00+0200", date_to="2018-01-16T00:00:00Z", limit=500)
    assert read.destination == "23332222"
    assert read.date_from is not None
    assert read.date_from.isoformat() == "2018-01-15T22:00:00+00:00"
    assert (read.limit, read.offset) == (500, None)
    assert listed(destination="", date_from="", date_to=None, limit="", offset=None) == ListLostCalls()


def test_a_list_made_in_python_takes_times_with_an_offset() -> None:
    """Whoever has the model need not write texts."""
    moment = datetime(2018, 1, 16, tzinfo=UTC)
    assert ListLostCalls(date_from=moment) == listed(date_from="2018-01-16T00:00:00Z")
    with pytest.raises(ValidationError):
        ListLostCalls(date_from=moment.replace(tzinfo=None))


@pytest.mark.parametrize(
    "data",
    [
        {"limit": 501},
        {"limit": 0},
        {"limit": -1},
        {"limit": "10"},
        {"limit": 10.0},
        {"limit": True},
        {"offset": -1},
        {"offset": 2**63},
        {"date_from": "2018-01-16"},
        {"date_from": "2018-01-16T00:00:00"},
        {"date_to": 1516102018},
        {"date_from": "2018-01-17T00:00:00Z", "date_to": "2018-01-16T00:00:00Z"},
        {"destination": "nobody"},
    ],
)
def test_a_wrong_filter_is_refused(data: dict[str, object]) -> None:
    """Rather than listing too much."""
    name = "data" if len(data) == 2 else f"data.{next(iter(data))}"
    assert problem(data, LIST).startswith(f"{name}: ")


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**65), 2**65)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
FIELD = st.sampled_from(["contact_id", "destination", "id", "limit", "offset", "date_from", "date_to"])


@given(st.sampled_from(CommandName), st.dictionaries(FIELD, JSON, max_size=4))
def test_any_data_is_a_command_or_a_refusal(name: CommandName, data: dict[str, object]) -> None:
    """Nothing raises, and what is taken survives being written and read again."""
    sent = binary(type=command_type(name))._replace(value=json.dumps(data).encode())
    read = read_command(sent)
    if isinstance(read, Refusal):
        assert read.reason in {Reason.INVALID_FIELDS, Reason.NOT_JSON}
        assert read.address is not None
        return
    again = read_command(sent._replace(value=orjson.dumps(read.data.model_dump(mode="json"))))
    assert isinstance(again, Command)
    assert again.data == read.data


def test_of_a_field_given_twice_the_last_counts() -> None:
    """As in every JSON reader that people know."""
    value = b'{"contact_id":1,"contact_id":224,"destination":"37060000000"}'
    assert command(binary()._replace(value=value)) == command(binary())


def test_numbers_are_not_shown() -> None:
    """A command may be logged; a telephone number may not."""
    assert "37060000000" not in repr(command(binary()))
    assert "23332222" not in repr(listed(destination="23332222"))
