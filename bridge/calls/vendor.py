"""Calls to the vendor in the name of a connection: its account, and what is counted and logged of each call."""

from collections.abc import Mapping

import structlog

from bridge.ops.metrics import Metrics
from bridge.pbx.client import Account, VendorClient
from bridge.pbx.requests import Dial, GetItem, ListItems, ListLostCalls, RegisterWebhook, RemoveWebhook, Request
from bridge.pbx.responses import Exchange, Lost, NotSent, Outcome, Refused, Unusable

log = structlog.get_logger(__name__)

_KEY_REFUSED = frozenset({401, 403})


class ConnectionVendor:
    """Implements the port `means.Vendor`. `accounts` are by connection."""

    def __init__(self, client: VendorClient, accounts: Mapping[str, Account], metrics: Metrics) -> None:
        self._client = client
        self._accounts = accounts
        self._metrics = metrics
        self._unhappy: dict[str, str] = {}

    async def call(self, connection: str, request: Request, first_byte_by: float) -> Exchange:
        """Send a request once, as `Vendor.call` says."""
        exchange = await self._client.call(self._accounts[connection], request, first_byte_by=first_byte_by)
        operation, outcome = operation_of(request), outcome_of(exchange.outcome)
        self._metrics.counter("bridge_vendor_calls_total", (connection, operation, outcome)).inc()
        self._metrics.histogram("bridge_vendor_call_seconds", (operation,)).observe(
            exchange.ended_at - exchange.started_at
        )
        self._tell(connection, operation, outcome, exchange)
        return exchange

    def _tell(self, connection: str, operation: str, outcome: str, exchange: Exchange) -> None:
        """Log a vendor in trouble, or one that refuses the key, once until that changes."""
        trouble = not isinstance(exchange.outcome, Refused) or exchange.status in _KEY_REFUSED
        if outcome == "ok" or not trouble:
            if self._unhappy.pop(connection, None) is not None:
                log.info("the vendor answers again", connection=connection)
        elif self._unhappy.get(connection) != outcome:
            self._unhappy[connection] = outcome
            detail = exchange.outcome.detail if isinstance(exchange.outcome, Lost | NotSent) else None
            log.warning(
                "the vendor gives no usable answer",
                connection=connection,
                operation=operation,
                outcome=outcome,
                status=exchange.status,
                detail=detail,
            )


def operation_of(request: Request) -> str:
    """Name a request for a metric."""
    match request:
        case Dial():
            return "dial"
        case GetItem(collection=collection):
            return f"get_{collection}"
        case ListItems(collection=collection):
            return f"list_{collection}"
        case ListLostCalls():
            return "list_lost_calls"
        case RegisterWebhook():
            return "register_webhook"
        case RemoveWebhook():
            return "remove_webhook"


def outcome_of(outcome: Outcome) -> str:
    """Name an outcome for a metric: `ok`, the contract's code of a refusal, or why there is no usable answer."""
    match outcome:
        case Refused(code=code):
            return code
        case Unusable(reason=reason) | Lost(reason=reason):
            return reason
        case NotSent(reason=reason):
            return f"not_sent_{reason}"
        case _:
            return "ok"
