"""The keys of a connection as a JSON schema, from the bridge's own settings: a typo is refused before anything starts.

Which values are allowed is the bridge's affair: it says so in a sentence when it starts. Pure.
"""

from typing import Final, TypeGuard

from bridge.ops.settings import ConnectionSettings
from bridge.ops.settings.section import Section

WRITTEN_BY_CHART: Final = frozenset({"base_url"})
# It stands beside `config`, since network policies look at it, too.
SECRETS: Final = ("api_key", "webhook_secret")
# The chart names their files. By value they have no place in a ConfigMap.


def connection_schema() -> dict[str, object]:
    """Give the definition `connectionConfig` of values.schema.json."""
    schema = _keys_of(ConnectionSettings)
    known = schema["properties"]
    if not isinstance(known, dict):
        raise TypeError("the properties of a section are a map")
    kept = {
        name: value for name, value in known.items() if name not in WRITTEN_BY_CHART and not name.startswith(SECRETS)
    }
    return schema | {"properties": kept}


def _keys_of(section: type[Section]) -> dict[str, object]:
    keys = {
        field.alias or name: _keys_of(field.annotation) if _is_section(field.annotation) else {}
        for name, field in section.model_fields.items()
    }
    return {"type": ["object", "null"], "additionalProperties": False, "properties": keys}


def _is_section(annotation: object) -> TypeGuard[type[Section]]:
    return isinstance(annotation, type) and issubclass(annotation, Section)
