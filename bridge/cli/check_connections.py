"""`bridge check`: what the workers say of their connections to the vendor. Only they may call it."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from bridge.calls.key_probe import LOST_CALLS, trigger
from bridge.cli.admin_exchange import Answers, exchange, make_request
from bridge.cli.durations import duration_text
from bridge.cli.found import Found
from bridge.cli.printable import printable
from bridge.kafka.probe import KafkaAway
from bridge.kafka.producer_errors import NotAcknowledged, Refused
from bridge.kafka.reader import KafkaUnreachable, TopicUnknown
from bridge.ops.settings import ConnectionSettings, Settings
from bridge.ops.settings.pollers import COLLECTIONS
from bridge.pbx.requests import Collection
from bridge.registration.admin_messages import AdminAnswer, AdminKind, KeyAnswer
from bridge.registration.hook_state import HookState
from bridge.registration.plan import Obstacle

THERE_WITHIN: Final = timedelta(seconds=1.5)
# A worker answers what it knows within some tens of milliseconds; where none runs nobody shall wait for long.
PROBED_WITHIN: Final = timedelta(seconds=50)
# Seventeen requests at the pace of the quota take some ten seconds; the worker gives up after 45.
_RECONCILED: Final = frozenset({Collection.CALL_HISTORY, Collection.CALL_RECORDS, Collection.VOICEMAILS})
# What the reconciliation walks beside the lost calls.


async def look_at_connections(settings: Settings) -> list[Found]:
    """Give a line for each connection, or one for all where no worker answers."""
    names = sorted(settings.connections)
    try:
        known = await _ask(settings, AdminKind.HOOKS_LIST, names, THERE_WITHIN)
        probed = await _ask(settings, AdminKind.PROBE, sorted(known), PROBED_WITHIN)
    except (KafkaAway, KafkaUnreachable, TopicUnknown, Refused, NotAcknowledged):
        # What is wrong with Kafka or the topics has a line of its own.
        known = probed = {}
    if not known:
        return [Found("connections", ok=True, sentence="not looked at, since no worker answers")]
    return [
        found
        for name, connection in sorted(settings.connections.items())
        for found in _connection(name, needed_methods(connection), known.get(name), probed.get(name))
    ]


def needed_methods(connection: ConnectionSettings) -> frozenset[str]:
    """Give the methods that the bridge calls by itself, as configured; the others are for commands."""
    needed = {Collection(name) for name in COLLECTIONS if getattr(connection.pollers, name).enabled}
    if not connection.reconcile.enabled:
        return frozenset(trigger(collection) for collection in needed)
    return frozenset({LOST_CALLS, *(trigger(collection) for collection in needed | _RECONCILED)})


async def _ask(settings: Settings, kind: AdminKind, names: Sequence[str], wait: timedelta) -> Answers:
    if not names:
        return {}
    requests = [make_request(kind, name) for name in names]
    return await exchange(settings, requests, wait, f"asking the workers about {len(names)} connections")


def _connection(
    name: str, needed: frozenset[str], known: AdminAnswer | None, probed: AdminAnswer | None
) -> list[Found]:
    what = f"connection {name}"
    if known is None:
        return [Found(what, ok=False, sentence="no worker answers for it, and one does for others: see that all run")]
    if probed is None or probed.key is None:
        sentence = f"its worker did not tell within {duration_text(PROBED_WITHIN)} what the vendor says: ask again"
        found = [Found(what, ok=False, sentence=sentence)]
    else:
        found = [_key(what, probed.key, needed)]
    return found if known.hooks is None else [*found, _webhooks(name, known.hooks)]


def _key(what: str, key: KeyAnswer, needed: frozenset[str]) -> Found:
    match key.key:
        case "refused":
            sentence = f"the vendor refuses the API key ({key.detail}): see that api_key or its file is right"
            return Found(what, ok=False, sentence=sentence)
        case "no_answer":
            sentence = f"the vendor gives no usable answer ({printable(key.detail or 'no reason')}): see base_url"
            return Found(what, ok=False, sentence=sentence)
        case "accepted":
            lacks = f"lacks {', '.join(key.lacking)}" if key.lacking else "lacks no method that only reads"
            sentence = f"the vendor accepts the API key, which {lacks}; not probed: {', '.join(key.not_probed)}"
            return Found(what, ok=needed.isdisjoint(key.lacking), sentence=printable(sentence))


def _webhooks(name: str, hooks: HookState) -> Found:
    what = f"webhooks {name}"
    if hooks.idle is not None:
        return Found(what, ok=True, sentence=printable(f"nothing is registered by itself: {hooks.idle}"))
    if hooks.trouble is not None:
        return Found(what, ok=False, sentence=printable(hooks.trouble))
    stuck = {line.event for line in hooks.obstacles if line.obstacle is not Obstacle.SETTLING}
    if events := sorted({*hooks.missing, *stuck}):
        sentence = f"not all is as configured ({', '.join(events)}): bridge hooks list --connection {name}"
        return Found(what, ok=False, sentence=printable(sentence))
    return Found(what, ok=True, sentence=f"{len(hooks.hooks)} registered")
