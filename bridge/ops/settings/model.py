"""The whole configuration as one frozen value."""

from collections.abc import Mapping
from enum import StrEnum

from pydantic import Field, model_validator

from bridge.ops.settings.cluster import KafkaSettings, TopicsSettings
from bridge.ops.settings.connections import ConnectionName, ConnectionSettings
from bridge.ops.settings.section import Section
from bridge.ops.settings.servers import AdminSettings, IngressSettings


class Role(StrEnum):
    """What the process does with the configuration: it decides which secrets must be there."""

    INGRESS = "ingress"
    WORKER = "worker"
    ALL = "all"
    TOOL = "tool"
    """Commands such as `tail` and `topics`, which need no connection's secrets."""


class Settings(Section):
    """The configuration, every key validated; made by `load_settings`. Field names are the keys of the contract."""

    kafka: KafkaSettings
    topics: TopicsSettings = Field(default_factory=TopicsSettings)
    ingress: IngressSettings = Field(default_factory=IngressSettings)
    admin: AdminSettings = Field(default_factory=AdminSettings)
    connections: Mapping[ConnectionName, ConnectionSettings] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _fill_in_what_is_empty(cls, given: object) -> object:
        """Let an absent `kafka` be reported as its one required key, and read `connections:` with nothing as none."""
        if not isinstance(given, Mapping):
            return given
        empty: dict[str, object] = {"connections": {}} if given.get("connections") is None else {}
        return {"kafka": None} | dict(given) | empty
