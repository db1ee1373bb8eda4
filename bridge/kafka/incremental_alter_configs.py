"""The request that sets single settings of a topic and leaves all others alone (KIP-339).

The client library only knows its predecessor, which replaces all settings of a topic by those it names.
"""

from collections.abc import Mapping, Sequence

from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import Array, Boolean, Int8, Int16, Int32, Schema, String

TOPIC = 2
# Kafka's number for this kind of resource.
SET = 0
# Kafka's number for this operation on a setting; others delete, append and subtract.


class IncrementalAlterConfigsResponse(Response):  # type: ignore[misc]  # the library publishes no types
    """An error code and message per resource."""

    API_KEY = 44
    API_VERSION = 0
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "responses",
            Array(
                ("error_code", Int16),
                ("error_message", String("utf-8")),
                ("resource_type", Int8),
                ("resource_name", String("utf-8")),
            ),
        ),
    )


class IncrementalAlterConfigsStruct(RequestStruct):  # type: ignore[misc]  # the library publishes no types
    """Version 0 as it stands on the wire."""

    API_KEY = 44
    API_VERSION = 0
    RESPONSE_TYPE = IncrementalAlterConfigsResponse
    SCHEMA = Schema(
        (
            "resources",
            Array(
                ("resource_type", Int8),
                ("resource_name", String("utf-8")),
                (
                    "configs",
                    Array(
                        ("name", String("utf-8")),
                        ("config_operation", Int8),
                        ("value", String("utf-8")),
                    ),
                ),
            ),
        ),
        ("validate_only", Boolean),
    )


class IncrementalAlterConfigs(Request[IncrementalAlterConfigsStruct]):  # type: ignore[misc]  # same
    """Set the given settings, by topic and name."""

    API_KEY = 44

    def __init__(self, settings: Mapping[str, Sequence[tuple[str, str]]]) -> None:
        self._settings = settings

    def build(self, request_struct_class: type[IncrementalAlterConfigsStruct]) -> IncrementalAlterConfigsStruct:
        """Give the request in the version that the broker has in common with us."""
        resources = [
            (TOPIC, topic, [(name, SET, value) for name, value in settings])
            for topic, settings in self._settings.items()
        ]
        return request_struct_class(resources, False)  # noqa: FBT003 - the wire's own order, no keywords
