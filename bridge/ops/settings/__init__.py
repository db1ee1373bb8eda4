"""The configuration: one YAML file and the environment, validated as a whole before anything starts.

`load_settings` is the way in. Everybody else gets a part of the frozen `Settings` as an argument.
"""

from bridge.ops.settings.addresses import Network
from bridge.ops.settings.cluster import KafkaSettings, PartitionSettings, RetentionSettings, TopicsSettings
from bridge.ops.settings.connections import (
    WEBHOOK_EVENTS,
    CommandsSettings,
    ConnectionSettings,
    RateLimitSettings,
    ReconcileSettings,
    WebhooksSettings,
)
from bridge.ops.settings.description import describe
from bridge.ops.settings.loading import load_settings
from bridge.ops.settings.model import Role, Settings
from bridge.ops.settings.pollers import COLLECTIONS, PollersSettings
from bridge.ops.settings.problems import SettingsError
from bridge.ops.settings.servers import AdminSettings, IngressSettings, SpoolSettings
from bridge.ops.settings.tls import TlsFileError, tls_context
from bridge.ops.settings.token_tls import token_tls_context

__all__ = [
    "COLLECTIONS",
    "WEBHOOK_EVENTS",
    "AdminSettings",
    "CommandsSettings",
    "ConnectionSettings",
    "IngressSettings",
    "KafkaSettings",
    "Network",
    "PartitionSettings",
    "PollersSettings",
    "RateLimitSettings",
    "ReconcileSettings",
    "RetentionSettings",
    "Role",
    "Settings",
    "SettingsError",
    "SpoolSettings",
    "TlsFileError",
    "TopicsSettings",
    "WebhooksSettings",
    "describe",
    "load_settings",
    "tls_context",
    "token_tls_context",
]
