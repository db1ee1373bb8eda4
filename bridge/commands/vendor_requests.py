"""What a command asks of the vendor. Pure."""

from collections.abc import Mapping
from types import MappingProxyType

from bridge.commands.command import Data
from bridge.events import command_models as models
from bridge.pbx.requests import Collection, Dial, GetItem, ListLostCalls

_COLLECTIONS: Mapping[type[models.GetItem], Collection] = MappingProxyType(
    {
        models.GetAudioPrompt: Collection.AUDIO_PROMPTS,
        models.GetCall: Collection.CALL_HISTORY,
        models.GetRecording: Collection.CALL_RECORDS,
        models.GetContact: Collection.CONTACTS,
        models.GetGroup: Collection.GROUPS,
        models.GetVoicemailBox: Collection.VOICEMAIL_BOXES,
        models.GetVoicemail: Collection.VOICEMAILS,
        models.GetVoipEndpoint: Collection.VOIP_ENDPOINTS,
    }
)


def vendor_request(data: Data) -> Dial | GetItem | ListLostCalls:
    """Return the request to the vendor."""
    match data:
        case models.Dial():
            return Dial(data.contact_id, data.destination)
        case models.ListLostCalls():
            return ListLostCalls(data.destination, data.date_from, data.date_to, data.limit, data.offset)
        case models.GetItem():
            return GetItem(_COLLECTIONS[type(data)], data.id)
