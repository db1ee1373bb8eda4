"""Section `connections.<name>.pollers`: what is polled, how often, from where on, with which filters of the vendor."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Final, Literal

from pydantic import BeforeValidator, Field, model_validator

from bridge.ops.settings.problems import unfit
from bridge.ops.settings.section import Section, Switch
from bridge.ops.settings.values import LARGEST_ID, duration, identifier, moment, number_of, one_of, or_null, text


def _start(given: object) -> str | int:
    if given in ("newest", "oldest"):
        return str(given)
    value = number_of(given)
    if value is None or not 0 <= value <= LARGEST_ID:
        raise unfit("newest, oldest, or the id after which to start")
    return value


Interval = Annotated[timedelta, BeforeValidator(duration("1s", "1d"))]
Number = Annotated[str | None, BeforeValidator(or_null(text("a telephone number, or null")))]
Id = Annotated[int | None, BeforeValidator(or_null(identifier))]
Moment = Annotated[datetime | None, BeforeValidator(or_null(moment))]


class NoFilters(Section):
    """The vendor has no filter for this list, but for a single id, which is no list."""


class CallFilters(Section):
    """Filters of the call history and of the recordings."""

    source: Number = None
    destination: Number = None
    direction: Annotated[Literal["in", "out"] | None, BeforeValidator(or_null(one_of("in", "out")))] = None
    contact_id: Id = None
    date_from: Moment = None
    date_to: Moment = None


class GroupFilters(Section):
    """Filters of the groups."""

    contact_id: Id = None


class VoicemailFilters(Section):
    """Filters of the voicemails."""

    source: Number = None
    contact_id: Id = None
    box_id: Id = None
    date_from: Moment = None
    date_to: Moment = None


class PollerDefaults(Section):
    """What holds for every collection that does not say otherwise."""

    enabled: Switch = True
    interval: Interval = timedelta(seconds=60)
    start: Annotated[Literal["newest", "oldest"] | int, BeforeValidator(_start)] = "newest"


class PlainPoller(PollerDefaults):
    filters: NoFilters = Field(default_factory=NoFilters)


class CallPoller(PollerDefaults):
    filters: CallFilters = Field(default_factory=CallFilters)


class GroupPoller(PollerDefaults):
    filters: GroupFilters = Field(default_factory=GroupFilters)


class VoicemailPoller(PollerDefaults):
    filters: VoicemailFilters = Field(default_factory=VoicemailFilters)


class PollersSettings(Section):
    """The eight collections, each with the defaults already filled in."""

    defaults: PollerDefaults = Field(default_factory=PollerDefaults)
    audio_prompts: PlainPoller = Field(default_factory=PlainPoller)
    call_history: CallPoller = Field(default_factory=CallPoller)
    call_records: CallPoller = Field(default_factory=CallPoller)
    contacts: PlainPoller = Field(default_factory=PlainPoller)
    groups: GroupPoller = Field(default_factory=GroupPoller)
    voicemail_boxes: PlainPoller = Field(default_factory=PlainPoller)
    voicemails: VoicemailPoller = Field(default_factory=VoicemailPoller)
    voip_endpoints: PlainPoller = Field(default_factory=PlainPoller)

    @model_validator(mode="before")
    @classmethod
    def _fill_in_defaults(cls, given: object) -> object:
        """Give each collection the known keys of `defaults`; what is wrong in them is reported where it stands."""
        if not isinstance(given, Mapping) or not isinstance(defaults := given.get("defaults"), Mapping):
            return given
        known = {key: value for key, value in defaults.items() if key in PollerDefaults.model_fields}
        filled = dict(given)
        for collection in COLLECTIONS:
            own = filled.get(collection)
            if own is None:
                filled[collection] = known
            elif isinstance(own, Mapping):
                filled[collection] = known | dict(own)
        return filled


COLLECTIONS: Final = tuple(name for name in PollersSettings.model_fields if name != "defaults")
