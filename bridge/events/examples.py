"""Two examples or more of each event's `data`."""

from collections.abc import Mapping
from types import MappingProxyType

from bridge.events.catalogue import EventName
from bridge.events.listed_examples import LISTED_EXAMPLES
from bridge.events.model_fields import JsonObject
from bridge.events.webhook_examples import WEBHOOK_EXAMPLES

__all__ = ["EXAMPLES", "JsonObject"]

EXAMPLES: Mapping[EventName, tuple[JsonObject, ...]] = MappingProxyType({**WEBHOOK_EXAMPLES, **LISTED_EXAMPLES})
