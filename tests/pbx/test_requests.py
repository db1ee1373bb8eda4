"""What leaves for the vendor, request by request, before it touches a socket."""

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest

from bridge.events.catalogue import WEBHOOK_EVENTS
from bridge.ops.settings import COLLECTIONS
from bridge.ops.settings.pollers import PollersSettings
from bridge.pbx.requests import (
    FILTERS,
    Collection,
    Dial,
    Expected,
    Filters,
    GetItem,
    ListItems,
    ListLostCalls,
    RegisterWebhook,
    RemoveWebhook,
    Request,
    http_request,
)
from tests.simulator.contract import OPERATIONS

NUMBER = "+37060012345"
CONTRACT = {f"{operation['method']} {operation['path']}": operation for operation in OPERATIONS.values()}


@pytest.mark.parametrize(
    ("request_", "line"),
    [
        (Dial(224, NUMBER), "POST /dial"),
        (GetItem(Collection.AUDIO_PROMPTS, 31), "GET /audio_prompts/31"),
        (GetItem(Collection.CALL_HISTORY, 150818921852), "GET /call_history/150818921852"),
        (GetItem(Collection.CALL_RECORDS, 2**63 - 1), "GET /call_records/9223372036854775807"),
        (GetItem(Collection.CONTACTS, 0), "GET /contacts/0"),
        (GetItem(Collection.GROUPS, 12), "GET /groups/12"),
        (GetItem(Collection.VOICEMAIL_BOXES, 223), "GET /voicemail_boxes/223"),
        (GetItem(Collection.VOICEMAILS, 171118926552), "GET /voicemails/171118926552"),
        (GetItem(Collection.VOIP_ENDPOINTS, 7), "GET /voip_endpoints/7"),
        (ListItems(Collection.AUDIO_PROMPTS), "GET /trigger/audio_prompts?initial_prompt_id=0"),
        (ListItems(Collection.CALL_HISTORY, 5), "GET /trigger/call_history?initial_call_id=5"),
        (ListItems(Collection.CALL_RECORDS, 5), "GET /trigger/call_records?initial_record_id=5"),
        (ListItems(Collection.CONTACTS, 5), "GET /trigger/contacts?initial_contact_id=5"),
        (ListItems(Collection.GROUPS, 5), "GET /trigger/groups?initial_group_id=5"),
        (ListItems(Collection.VOICEMAIL_BOXES, 5), "GET /trigger/voicemail_boxes?initial_box_id=5"),
        (ListItems(Collection.VOICEMAILS, 5), "GET /trigger/voicemails?initial_voicemail_id=5"),
        (
            ListItems(Collection.VOIP_ENDPOINTS, 5, limit=500, offset=499),
            "GET /trigger/voip_endpoints?initial_endpoint_id=5&limit=500&offset=499",
        ),
        (ListLostCalls(), "GET /lost_calls"),
        (ListLostCalls(limit=1, offset=0, destination="60"), "GET /lost_calls?limit=1&offset=0&destination=60"),
        (RegisterWebhook("CallStarted", "https://hooks.example.com/h"), "POST /webhooks/CallStarted"),
        (RemoveWebhook(3400000007), "DELETE /webhooks/3400000007"),
    ],
)
def test_each_request_has_its_method_and_target(request_: Request, line: str) -> None:
    """Method, path and parameters are those of the vendor's contract."""
    sent = http_request(request_)
    assert f"{sent.method} {sent.target}" == line


def test_every_parameter_is_one_of_the_vendors_contract() -> None:
    """No list is asked for what its operation does not know, nor without the id that it requires."""
    everything = Filters(
        source="1",
        destination="2",
        direction="in",
        contact_id=3,
        box_id=4,
        date_from=datetime(2026, 1, 1, tzinfo=UTC),
        date_to=datetime(2026, 1, 2, tzinfo=UTC),
    )
    for collection in Collection:
        known = {field: getattr(everything, field) for field in FILTERS[collection]}
        target = http_request(ListItems(collection, 1, 2, 3, Filters(**known))).target
        path, _, query = target.partition("?")
        asked = {pair.partition("=")[0] for pair in query.split("&")}
        names = {parameter["name"] for parameter in CONTRACT[f"GET {path}"]["parameters"]}
        own_id = next(name for name in names if name.startswith("initial_")).removeprefix("initial_")
        assert asked == names - ({own_id} - FILTERS[collection])


def test_the_collections_and_filters_are_those_of_the_settings() -> None:
    """Whatever a poller can be configured with can be asked for."""
    assert tuple(Collection) == COLLECTIONS
    for name, section in PollersSettings.model_fields.items():
        if name != "defaults":
            assert section.annotation is not None
            filters = section.annotation.model_fields["filters"].annotation
            assert filters.model_fields.keys() == FILTERS[Collection(name)]


def test_values_are_escaped_so_that_a_plus_stays_a_plus() -> None:
    """In a query a bare + is a blank, and & begins the next parameter."""
    target = http_request(ListItems(Collection.CALL_HISTORY, filters=Filters(source="+370 6&a=b#/č"))).target
    assert target == "/trigger/call_history?initial_call_id=0&source=%2B370%206%26a%3Db%23%2F%C4%8D"
    assert http_request(RegisterWebhook("../dial", "https://h")).target == "/webhooks/..%2Fdial"


def test_times_leave_in_utc_and_whole_seconds() -> None:
    """RFC 3339 with Z, whatever the offset was."""
    summer = timezone(timedelta(hours=3))
    asked = ListLostCalls(
        date_from=datetime(2026, 6, 1, 1, 30, 0, 999_999, tzinfo=summer), date_to=datetime(2026, 6, 2, tzinfo=UTC)
    )
    target = http_request(asked).target
    assert target == "/lost_calls?date_from=2026-05-31T22%3A30%3A00Z&date_to=2026-06-02T00%3A00%3A00Z"


def test_a_time_without_an_offset_is_refused() -> None:
    """It would silently be taken for the zone of the machine."""
    with pytest.raises(ValueError, match="offset"):
        http_request(ListLostCalls(date_from=datetime(2026, 6, 1)))  # noqa: DTZ001 - that is the mistake


def test_a_filter_that_a_list_does_not_have_is_refused() -> None:
    """The vendor would ignore it, and the list would hold what nobody asked for."""
    with pytest.raises(ValueError, match="groups has no filter direction, source"):
        ListItems(Collection.GROUPS, filters=Filters(contact_id=1, direction="in", source="1"))


def test_bodies_are_those_of_the_contract() -> None:
    """A dial names contact and destination, a registration its endpoint; nothing else has a body."""
    dial = http_request(Dial(224, NUMBER)).body
    hook = http_request(RegisterWebhook("CallStarted", "https://hooks.example.com/h?a=1")).body
    assert dial is not None
    assert hook is not None
    assert json.loads(dial) == {"contactID": 224, "destination": NUMBER}
    assert json.loads(hook) == {"endpoint": "https://hooks.example.com/h?a=1"}
    assert http_request(GetItem(Collection.GROUPS, 1)).body is None
    assert http_request(RemoveWebhook(1)).body is None


@pytest.mark.parametrize("event", sorted(WEBHOOK_EVENTS))
def test_every_webhook_has_an_operation(event: str) -> None:
    """The event stands in the path under the vendor's name."""
    assert f"POST {http_request(RegisterWebhook(event, 'https://h')).target}" in CONTRACT


def test_only_posts_must_not_be_repeated() -> None:
    """A second dial calls twice, a second registration is a second webhook; all else may be asked again."""
    repeatable: dict[type, bool] = {
        type(request): http_request(request).repeatable
        for request in (
            Dial(1, "2"),
            GetItem(Collection.GROUPS, 1),
            ListItems(Collection.GROUPS),
            ListLostCalls(),
            RegisterWebhook("CallStarted", "https://h"),
            RemoveWebhook(1),
        )
    }
    assert {kind for kind, harmless in repeatable.items() if not harmless} == {Dial, RegisterWebhook}


def test_each_request_says_what_it_expects() -> None:
    """An item, rows, the id of a webhook, or nothing but the envelope."""
    assert http_request(Dial(1, "2")).expected is Expected.ANYTHING
    assert http_request(RemoveWebhook(1)).expected is Expected.ANYTHING
    assert http_request(GetItem(Collection.GROUPS, 1)).expected is Expected.ITEM
    assert http_request(ListItems(Collection.GROUPS)).expected is Expected.ROWS
    assert http_request(ListLostCalls()).expected is Expected.ROWS
    assert http_request(RegisterWebhook("CallStarted", "https://h")).expected is Expected.WEBHOOK_ID


def test_numbers_and_hook_keys_stay_out_of_every_repr() -> None:
    """What ends in a log by way of a repr names nobody and opens nothing."""
    requests: tuple[Request, ...] = (
        Dial(1, "37060099999"),
        ListLostCalls(destination="37060099999"),
        ListItems(Collection.CALL_HISTORY, filters=Filters(source="37060099999", destination="37060099999")),
        RegisterWebhook("CallStarted", "https://h/37060099999"),
    )
    for request in requests:
        assert "37060099999" not in repr(request)
        assert "37060099999" not in repr(http_request(request))
