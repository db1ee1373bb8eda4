"""Which webhooks a fact leads to: one to each hook of its event, less and more where faults strike. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass

from bridge.simulator.distortions import distorted_body
from bridge.simulator.facts import Fact
from bridge.simulator.faults import Faults
from bridge.simulator.hooks import Hook, Hooks

# What a webhook waits that is late, or that is overtaken, in seconds, unless the switch says otherwise.
_LATE, _OVERTAKEN = 2.0, 0.5


@dataclass(frozen=True, slots=True)
class Telling:
    """One webhook to send, in the order of its subject and `lane`, None = in nobody's; in `after` s at the earliest."""

    hook: Hook
    body: bytes
    lane: str | None
    after: float = 0.0


def tell(fact: Fact, hooks: Hooks, faults: Faults, key: str) -> Iterator[Telling]:
    """Yield the webhooks of a fact, in the order in which they leave.

    Each event of a call has a hook of its own, or two while hooks are replaced, and every receiver is told of the call
    in order all the same: the lane is the receiver, whatever comes and goes among its hooks.
    """
    told = hooks.of(fact.event)
    if len(told) > 1 and faults.strike("webhook_one_hook", key, fact.event):
        one = faults.choose(tuple(str(hook.hook_id) for hook in told))
        told = [hook for hook in told if str(hook.hook_id) == one]
    for hook in told:
        if faults.strike("hook_forgotten", key, fact.event):
            hooks.forget(hook.hook_id)
        elif not faults.strike("webhook_dropped", key, fact.event):
            yield from _send(fact, hook, faults, key)


def _send(fact: Fact, hook: Hook, faults: Faults, key: str) -> Iterator[Telling]:
    body = distorted_body(fact.event, fact.data, faults, key)
    late = faults.strike("webhook_late", key, fact.event)
    overtaken = faults.strike("webhook_out_of_order", key, fact.event)
    after = 0.0
    if late is not None:
        after += _LATE if late.seconds is None else late.seconds
    if overtaken is not None:
        after += _OVERTAKEN if overtaken.seconds is None else overtaken.seconds
    telling = Telling(hook, body, None if overtaken else hook.receiver, after)
    yield telling
    if faults.strike("webhook_doubled", key, fact.event):
        yield telling
