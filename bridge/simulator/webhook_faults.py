"""Which webhooks a fact leads to: one to each hook of its event, less and more where faults strike. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass

from bridge.simulator.distortions import distort, event_type
from bridge.simulator.facts import Fact, body_of
from bridge.simulator.faults import Faults
from bridge.simulator.hooks import Hook, Hooks

# What a webhook waits that is late, or that is overtaken, in seconds, unless the switch says otherwise.
_LATE, _OVERTAKEN = 2.0, 0.5


@dataclass(frozen=True, slots=True)
class Telling:
    """One webhook to send. `lane` None = in nobody's order; `after` seconds from now at the earliest."""

    hook: Hook
    body: bytes
    lane: int | None
    after: float = 0.0


def tell(fact: Fact, hooks: Hooks, faults: Faults, key: str) -> Iterator[Telling]:
    """Yield the webhooks of a fact, in the order in which they leave.

    Each event of a call has a hook of its own, and the call is told in order all the same; whoever registers twice for
    an event has a second, independent telling: the lane.
    """
    receivers = list(enumerate(hooks.of(fact.event)))
    if len(receivers) > 1 and faults.strike("webhook_one_hook", key, fact.event):
        receivers = [receivers[int(faults.choose(tuple(str(lane) for lane, _ in receivers)))]]
    for lane, hook in receivers:
        if faults.strike("hook_forgotten", key, fact.event):
            hooks.forget(hook.hook_id)
        elif not faults.strike("webhook_dropped", key, fact.event):
            yield from _send(fact, hook, lane, faults, key)


def _send(fact: Fact, hook: Hook, lane: int, faults: Faults, key: str) -> Iterator[Telling]:
    body = body_of(event_type(fact.event, faults, key), distort(fact.data, faults, key, fact.event))
    late = faults.strike("webhook_late", key, fact.event)
    overtaken = faults.strike("webhook_out_of_order", key, fact.event)
    after = 0.0
    if late is not None:
        after += _LATE if late.seconds is None else late.seconds
    if overtaken is not None:
        after += _OVERTAKEN if overtaken.seconds is None else overtaken.seconds
    telling = Telling(hook, body, None if overtaken else lane, after)
    yield telling
    if faults.strike("webhook_doubled", key, fact.event):
        yield telling
