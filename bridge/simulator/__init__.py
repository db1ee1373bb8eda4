"""The PBX simulator: a vendor on loopback, independent of the bridge, that tests and drills are judged by."""

from bridge.simulator.faults import FAULTS, Fault, FaultName, Faults
from bridge.simulator.log import Attempt, EventCounts, Webhook, WebhookLog
from bridge.simulator.options import AccountOptions, RetryPolicy, SimulatorOptions
from bridge.simulator.request_log import DialRequest, Request, RequestLog
from bridge.simulator.simulator import Simulator

__all__ = [
    "FAULTS",
    "AccountOptions",
    "Attempt",
    "DialRequest",
    "EventCounts",
    "Fault",
    "FaultName",
    "Faults",
    "Request",
    "RequestLog",
    "RetryPolicy",
    "Simulator",
    "SimulatorOptions",
    "Webhook",
    "WebhookLog",
]
