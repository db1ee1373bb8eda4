"""The commands that the bridge takes, by name and type, and the types of what it answers."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

COMMAND_VERSION = "v1"
# One version for all today. A change that breaks a client gives the command concerned a v2 beside its v1.


class CommandName(StrEnum):
    """Each command of the contract's section 6; the value stands in its type."""

    DIAL = "dial"
    GET_AUDIO_PROMPT = "get-audio-prompt"
    GET_CALL = "get-call"
    GET_RECORDING = "get-recording"
    GET_CONTACT = "get-contact"
    GET_GROUP = "get-group"
    GET_VOICEMAIL_BOX = "get-voicemail-box"
    GET_VOICEMAIL = "get-voicemail"
    GET_VOIP_ENDPOINT = "get-voip-endpoint"
    LIST_LOST_CALLS = "list-lost-calls"


def command_type(name: CommandName) -> str:
    """Return the CloudEvents type, for instance `pbx.command.dial.v1`."""
    return f"pbx.command.{name}.{COMMAND_VERSION}"


COMMAND_TYPES: Mapping[str, CommandName] = MappingProxyType({command_type(name): name for name in CommandName})
"""What a command's type may say."""

RESULT_TYPE = "pbx.command.result.v1"
"""The terminal answer to a command."""

RESOLVED_TYPE = "pbx.command.resolved.v1"
"""How a dial in doubt ended."""
