"""The composition root: settings to objects, and the order in which they start and stop.

Nothing else knows which concrete classes run together.
"""

from bridge.app.kafka_access import KafkaAccess, topic_options
from bridge.app.service import UNREADY_FOR, Ports, Service

__all__ = ["UNREADY_FOR", "KafkaAccess", "Ports", "Service", "topic_options"]
