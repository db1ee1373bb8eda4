"""The PBX simulator: a vendor on loopback, independent of the bridge, that tests and drills are judged by."""

from bridge.simulator.dial_log import DialCounts, DialLog, DialRequest
from bridge.simulator.faults import Faults
from bridge.simulator.log import Attempt, EventCounts, Webhook, WebhookLog
from bridge.simulator.options import AccountOptions, RetryPolicy, SimulatorOptions
from bridge.simulator.request_log import Request, RequestLog
from bridge.simulator.simulator import Simulator
from bridge.simulator.switches import FAULTS, Fault, FaultName
from bridge.simulator.tasks import FailedTaskError

__all__ = [
    "FAULTS",
    "AccountOptions",
    "Attempt",
    "DialCounts",
    "DialLog",
    "DialRequest",
    "EventCounts",
    "FailedTaskError",
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
