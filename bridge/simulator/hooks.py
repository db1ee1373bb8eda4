"""An account's webhook registrations: there is no way to list them but the judge's. Pure."""

from dataclasses import dataclass
from random import Random
from urllib.parse import urlsplit

from bridge.simulator.facts import EventName
from bridge.simulator.seeds import IdSequence

# Above 2^31: the answer types the id as a string, the deletion as an integer, and both must hold it.
_FIRST_HOOK = 3_400_000_000
# As long as URLs may be for most servers.
_LONGEST_URL = 2048


def receiver_of(endpoint: str) -> str | None:
    """Return scheme, host and port of an HTTP URL, None when a webhook could never be sent there."""
    if len(endpoint) > _LONGEST_URL or not endpoint.isprintable() or " " in endpoint:
        return None
    try:
        parts = urlsplit(endpoint)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in {"http", "https"} or not parts.hostname or port == 0:
        return None
    return f"{parts.scheme}://{parts.hostname}:{port or (443 if parts.scheme == 'https' else 80)}"


@dataclass(frozen=True, slots=True)
class Hook:
    """A registration; `receiver` is who gets its webhooks, whatever the path."""

    hook_id: int
    event: EventName
    endpoint: str
    receiver: str


class HookLimitError(Exception):
    """The account has as many webhooks as it may have."""


class Hooks:
    """At most `cap` registrations, forgotten ones included: the panel goes on showing what is never sent to."""

    def __init__(self, cap: int, rng: Random) -> None:
        self._cap = cap
        self._ids = IdSequence(_FIRST_HOOK, rng)
        self._alive: dict[int, Hook] = {}
        self._forgotten: set[int] = set()

    def register(self, event: EventName, endpoint: str, receiver: str) -> Hook:
        """Add a registration; the same event and endpoint may be registered again.

        Raises HookLimitError when there are `cap` already.
        """
        if len(self._alive) >= self._cap:
            raise HookLimitError
        hook = Hook(self._ids.next(), event, endpoint, receiver)
        self._alive[hook.hook_id] = hook
        return hook

    def remove(self, hook_id: int) -> bool:
        """Drop a registration; False when there is none with this id."""
        self._forgotten.discard(hook_id)
        return self._alive.pop(hook_id, None) is not None

    def forget(self, hook_id: int) -> bool:
        """Go on listing the registration and never send to it again; False when there is none with this id."""
        if hook_id not in self._alive:
            return False
        self._forgotten.add(hook_id)
        return True

    @property
    def registered(self) -> list[Hook]:
        return list(self._alive.values())

    def is_forgotten(self, hook_id: int) -> bool:
        return hook_id in self._forgotten

    def of(self, event: EventName) -> list[Hook]:
        """Return those to whom the event is sent."""
        return [hook for hook in self._alive.values() if hook.event == event and hook.hook_id not in self._forgotten]
