"""The PBX simulator: a vendor on loopback, independent of the bridge, that tests and drills are judged by."""

from bridge.simulator.log import Attempt, EventCounts, Webhook, WebhookLog
from bridge.simulator.options import AccountOptions, RetryPolicy, SimulatorOptions
from bridge.simulator.simulator import Simulator

__all__ = [
    "AccountOptions",
    "Attempt",
    "EventCounts",
    "RetryPolicy",
    "Simulator",
    "SimulatorOptions",
    "Webhook",
    "WebhookLog",
]
