"""Two examples or more of each command's `data`, and of what the bridge answers."""

from collections.abc import Mapping
from types import MappingProxyType

from bridge.events.command_catalogue import RESOLVED_TYPE, RESULT_TYPE, CommandName
from bridge.events.examples import JsonObject

COMMAND_EXAMPLES: Mapping[CommandName, tuple[JsonObject, ...]] = MappingProxyType(
    {
        CommandName.DIAL: (
            {"contact_id": 224, "destination": "37060000000"},
            {"contact_id": "224", "destination": 37060000000},
        ),
        CommandName.GET_AUDIO_PROMPT: ({"id": 31}, {"id": "31"}),
        CommandName.GET_CALL: ({"id": 150818921852}, {"id": "150818921852"}),
        CommandName.GET_RECORDING: ({"id": 181118926553}, {"id": "181118926553"}),
        CommandName.GET_CONTACT: ({"id": 224}, {"id": "224"}),
        CommandName.GET_GROUP: ({"id": 12}, {"id": "12"}),
        CommandName.GET_VOICEMAIL_BOX: ({"id": 223}, {"id": "223"}),
        CommandName.GET_VOICEMAIL: ({"id": 171118926552}, {"id": "171118926552"}),
        CommandName.GET_VOIP_ENDPOINT: ({"id": 55}, {"id": "55"}),
        CommandName.LIST_LOST_CALLS: (
            {},
            {
                "destination": "23332222",
                "date_from": "2018-01-16T00:00:00+02:00",
                "date_to": "2018-01-17T00:00:00+02:00",
                "limit": 100,
                "offset": 0,
            },
        ),
    }
)

RESULT_EXAMPLES: Mapping[str, tuple[JsonObject, ...]] = MappingProxyType(
    {
        RESULT_TYPE: (
            {
                "status": "ok",
                "code": None,
                "message": "The vendor accepted the dial.",
                "command_type": "pbx.command.dial.v1",
                "http_status": 200,
                "data": None,
                "attempts": 1,
                "accepted_time": "2018-01-16T11:26:59.120Z",
                "sent_time": "2018-01-16T11:26:59.180Z",
                "finished_time": "2018-01-16T11:26:59.420Z",
            },
            {
                "status": "rejected",
                "code": "not_found",
                "message": "The vendor refused it (HTTP 404).",
                "command_type": "pbx.command.get-audio-prompt.v1",
                "http_status": 404,
                "data": None,
                "attempts": 1,
                "accepted_time": "2018-01-16T11:26:59.120Z",
                "sent_time": "2018-01-16T11:26:59.180Z",
                "finished_time": "2018-01-16T11:26:59.420Z",
            },
            {
                "status": "ok",
                "code": None,
                "message": "The vendor listed 1 lost caller.",
                "command_type": "pbx.command.list-lost-calls.v1",
                "http_status": 200,
                "data": [
                    {
                        "contact_name": "Andris Berzins",
                        "destination": "23332222",
                        "destination_e164": None,
                        "attempts": 3,
                        "caller": "22222222",
                        "caller_e164": None,
                        "last_contact": "2018-01-16T11:26:59Z",
                        "extra": {},
                    }
                ],
                "attempts": 2,
                "accepted_time": "2018-01-16T11:30:00.120Z",
                "sent_time": "2018-01-16T11:30:02.180Z",
                "finished_time": "2018-01-16T11:30:02.420Z",
            },
            {
                "status": "invalid",
                "code": "invalid_fields",
                "message": "The command is wrong: data.destination: missing.",
                "command_type": "pbx.command.dial.v1",
                "http_status": None,
                "data": None,
                "attempts": 0,
                "accepted_time": None,
                "sent_time": None,
                "finished_time": "2018-01-16T11:26:59.130Z",
            },
        ),
        RESOLVED_TYPE: (
            {"outcome": "call_observed", "call_id": 150818921852},
            {"outcome": "not_observed", "call_id": None},
        ),
    }
)
