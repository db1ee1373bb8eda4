"""Verifying the keys of a connection again and again, as an ingress does. Pure."""

from collections.abc import Callable

from bridge.pbx.hook_keys import verified_hook

_MOST_REMEMBERED = 256
# A connection has at most 20 registrations at the vendor; each rotation adds ten.


class KeyRing:
    """Verifies the keys of one connection, and remembers those that were good.

    `secrets` answers the current secret and the previous one. It always answers two, whatever is set, so that refusing
    a key takes the same work for every connection, known or not. Only who holds a good key can learn that it is
    remembered.
    """

    def __init__(self, secrets: Callable[[], tuple[bytes, bytes]]) -> None:
        self._secrets = secrets
        self._remembered_for: tuple[bytes, bytes] | None = None
        self._remembered: dict[tuple[str, str], str] = {}

    def verify(self, key: str, connection: str) -> str | None:
        """Return what a key of the connection is for, as `<EventName>.<generation>`, or None."""
        secrets = self._secrets()
        if secrets != self._remembered_for:
            self._remembered_for = secrets
            self._remembered = {}
        hook = self._remembered.get((connection, key))
        if hook is None:
            hook = verified_hook(key, connection, secrets)
            if hook is not None and len(self._remembered) < _MOST_REMEMBERED:
                self._remembered[connection, key] = hook
        return hook
