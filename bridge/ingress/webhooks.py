"""The way of one webhook: authenticate, read, translate, publish, answer.

Called by aiohttp for every request below `/hooks/`. The order of the checks is the contract's: key, source address,
method, then the rest; nothing of a body is read before its sender is known.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network
from time import perf_counter
from types import MappingProxyType
from typing import Protocol

from aiohttp import web

from bridge.events.catalogue import EventName
from bridge.events.envelope import Origin
from bridge.events.records import Record
from bridge.ingress import answers
from bridge.ingress.body import BodyTimeout, BodyUnreadable, ClientGone, read_body
from bridge.ingress.content_encoding import BodyRefused, BodyTooLarge, UndecodableBody, UnsupportedEncoding
from bridge.ingress.hook_keys import KeyRing
from bridge.ingress.intake import Intake, Taken
from bridge.ingress.source_address import is_within, source_address
from bridge.kafka.publisher import NotAcknowledged, Refused
from bridge.ops.field_drift import FieldDrift
from bridge.ops.metrics import Metrics
from bridge.pbx.webhooks import EVENT_TYPES

Network = IPv4Network | IPv6Network


_BODY_REFUSALS: Mapping[type[BodyRefused], tuple[str, Callable[[], web.Response]]] = MappingProxyType(
    {
        UnsupportedEncoding: ("unsupported_encoding", answers.unsupported_encoding),
        BodyTooLarge: ("too_large", answers.too_large),
        BodyTimeout: ("body_timeout", answers.body_timeout),
        UndecodableBody: ("undecodable", answers.undecodable),
        BodyUnreadable: ("undecodable", answers.undecodable),
        ClientGone: ("client_gone", answers.undecodable),
    }
)


class Publishes(Protocol):
    """What makes a record durable."""

    async def publish(self, record: Record) -> None:
        """Return when Kafka has acknowledged; raise NotAcknowledged or Refused."""


@dataclass(frozen=True, slots=True)
class WebhookLimits:
    """Bounds on what one replica takes; `max_in_flight` counts requests between their head and their answer."""

    max_body_bytes: int
    body_timeout_s: float
    max_in_flight: int
    trusted_proxies: Sequence[Network]


@dataclass(frozen=True, slots=True)
class HookedConnection:
    """One connection as the ingress sees it."""

    keys: KeyRing
    allowed_ips: Sequence[Network]
    intake: Intake


class WebhookHandler:
    """Answers the vendor; `begin_stop` makes it refuse what comes new while the rest is finished."""

    def __init__(
        self,
        connections: Mapping[str, HookedConnection],
        *,
        unknown_connection: KeyRing,
        publisher: Publishes,
        limits: WebhookLimits,
        metrics: Metrics,
        epoch_ms: Callable[[], int],
    ) -> None:
        self._connections = connections
        self._unknown_connection = unknown_connection
        self._publisher = publisher
        self._limits = limits
        self._metrics = metrics
        self._epoch_ms = epoch_ms
        self._drift = FieldDrift(metrics)
        self._in_flight = 0
        self._stopping = False
        self._in_flight_gauge = metrics.gauge("bridge_ingress_in_flight")
        self._in_flight_gauge.set_function(lambda: self._in_flight)
        metrics.gauge("bridge_ingress_connections").set(len(connections))
        self._publish_seconds = metrics.histogram("bridge_ingress_publish_seconds")
        self._published_counters: dict[tuple[str, EventName], Callable[[], None]] = {}
        self._outcome_counters: dict[str, Callable[[], None]] = {}

    @property
    def in_flight(self) -> int:
        """Requests between their head and their answer."""
        return self._in_flight

    def begin_stop(self) -> None:
        """Answer every new request with 503 from now on."""
        self._stopping = True

    def count_malformed(self) -> None:
        """Count a request that was no HTTP, and was answered 400 by the server itself."""
        self._count("malformed")

    async def handle(self, request: web.BaseRequest, name: str, key: str) -> web.Response:
        """Answer one request to `/hooks/<name of a connection>/<key>`."""
        connection = self._connections.get(name)
        keys = self._unknown_connection if connection is None else connection.keys
        hook = keys.verify(key, name)
        if connection is None or hook is None:
            return self._refuse("not_found", answers.unread(request, answers.not_found()))
        if connection.allowed_ips and not self._is_allowed(request, connection.allowed_ips):
            return self._refuse("forbidden", answers.unread(request, answers.forbidden()))
        if request.method != "POST":
            return self._refuse("method_not_allowed", answers.unread(request, answers.method_not_allowed()))
        if self._stopping:
            return self._refuse("stopping", answers.stopping())
        if self._in_flight >= self._limits.max_in_flight:
            return self._refuse("busy", answers.unread(request, answers.busy()))
        self._in_flight += 1
        try:
            return await self._receive(request, name, connection.intake, hook)
        finally:
            self._in_flight -= 1

    async def _receive(self, request: web.BaseRequest, name: str, intake: Intake, hook: str) -> web.Response:
        try:
            body = await read_body(
                request, max_bytes=self._limits.max_body_bytes, timeout_s=self._limits.body_timeout_s
            )
        except BodyRefused as refused:
            outcome, answer = _BODY_REFUSALS[type(refused)]
            return self._refuse(outcome, answer())
        taken = intake.take(body, self._epoch_ms(), hook)
        began = perf_counter()
        try:
            await self._publisher.publish(taken.record)
        except (NotAcknowledged, Refused):
            return self._refuse("not_acknowledged", answers.not_acknowledged())
        self._publish_seconds.observe(perf_counter() - began)
        return self._answer(name, taken, hook)

    def _answer(self, name: str, taken: Taken, hook: str) -> web.Response:
        if taken.rejection is not None:
            reason = taken.rejection.reason
            self._metrics.counter("bridge_quarantined_total", (name, "webhook", reason)).inc()
            self._count("quarantined")
            return answers.quarantined(taken.id, reason)
        if taken.translation is not None:
            told, event = taken.translation, taken.translation.event
            if told.has_drifted:
                self._drift.count(event, told.unknown, told.mistyped, told.missing)
            if EVENT_TYPES.get(hook.partition(".")[0]) is not event:
                self._metrics.counter("bridge_ingress_hook_mismatch_total", (name,)).inc()
            self._count_published(name, event)
        self._count("accepted")
        return answers.accepted(taken.id)

    def _is_allowed(self, request: web.BaseRequest, networks: Sequence[Network]) -> bool:
        forwarded_for = request.headers.getall("X-Forwarded-For", ())
        address = source_address(request.remote, forwarded_for, self._limits.trusted_proxies)
        return address is not None and is_within(address, networks)

    def _refuse(self, outcome: str, response: web.Response) -> web.Response:
        self._count(outcome)
        return response

    def _count(self, outcome: str) -> None:
        counter = self._outcome_counters.get(outcome)
        if counter is None:
            counter = self._metrics.counter("bridge_ingress_requests_total", (outcome,)).inc
            self._outcome_counters[outcome] = counter
        counter()

    def _count_published(self, connection: str, event: EventName) -> None:
        counter = self._published_counters.get((connection, event))
        if counter is None:
            labels = (connection, event, Origin.WEBHOOK)
            counter = self._metrics.counter("bridge_events_published_total", labels).inc
            self._published_counters[(connection, event)] = counter
        counter()
