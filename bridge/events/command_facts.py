"""What a client has to know of each command beside its fields: what the vendor is asked, and what the answer holds.

Held by tests against what the worker does.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from bridge.events.catalogue import EventName
from bridge.events.command_catalogue import CommandName


class CommandFacts(NamedTuple):
    """`vendor_call` is method and path at the vendor; `result` is the event whose `data` an `ok` result's looks like.

    None: the result has no data. `is_list`: it is a list of such.
    """

    vendor_call: str
    result: EventName | None
    is_list: bool = False


COMMAND_FACTS: Mapping[CommandName, CommandFacts] = MappingProxyType(
    {
        CommandName.DIAL: CommandFacts("POST /dial", None),
        CommandName.GET_AUDIO_PROMPT: CommandFacts("GET /audio_prompts/{id}", EventName.AUDIO_PROMPT_LISTED),
        CommandName.GET_CALL: CommandFacts("GET /call_history/{id}", EventName.CALL_LISTED),
        CommandName.GET_RECORDING: CommandFacts("GET /call_records/{id}", EventName.RECORDING_LISTED),
        CommandName.GET_CONTACT: CommandFacts("GET /contacts/{id}", EventName.CONTACT_LISTED),
        CommandName.GET_GROUP: CommandFacts("GET /groups/{id}", EventName.GROUP_LISTED),
        CommandName.GET_VOICEMAIL_BOX: CommandFacts("GET /voicemail_boxes/{id}", EventName.VOICEMAIL_BOX_LISTED),
        CommandName.GET_VOICEMAIL: CommandFacts("GET /voicemails/{id}", EventName.VOICEMAIL_LISTED),
        CommandName.GET_VOIP_ENDPOINT: CommandFacts("GET /voip_endpoints/{id}", EventName.VOIP_ENDPOINT_LISTED),
        CommandName.LIST_LOST_CALLS: CommandFacts("GET /lost_calls", EventName.LOST_CALLER_ADDED, is_list=True),
    }
)
