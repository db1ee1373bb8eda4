"""What the configuration says of a connection's webhooks, and the URLs that follow from it. Pure."""

from collections.abc import Callable
from dataclasses import dataclass, field

from bridge.pbx.hook_keys import HookName, hook_key, hook_url, url_digest
from bridge.registration.plan import Wanted


@dataclass(frozen=True, slots=True)
class HookOptions:
    """One connection: `events` are the vendor's names; `secret` is asked again and again, since secrets rotate.

    Without `register` the bridge does nothing by itself, and without a `public_url` it cannot.
    """

    register: bool
    events: tuple[str, ...]
    public_url: str | None
    secret: Callable[[], bytes] = field(repr=False)


class HookUrls:
    """The URLs of a connection under one secret. They hold keys: none of them is shown to anybody but the vendor."""

    def __init__(self, connection: str, public_url: str, secret: bytes) -> None:
        self._connection = connection
        self._public_url = public_url
        self._secret = secret
        self._digests: dict[HookName, str] = {}

    def is_of(self, public_url: str, secret: bytes) -> bool:
        """Tell whether these are the URLs of that origin and secret."""
        return (self._public_url, self._secret) == (public_url, secret)

    def url(self, name: HookName) -> str:
        """Give the URL of a registration."""
        return hook_url(self._public_url, self._connection, hook_key(self._secret, self._connection, name))

    def address(self, name: HookName) -> str:
        """Give the digest of the URL of a registration: the journal keeps no URL."""
        digest = self._digests.get(name)
        if digest is None:
            digest = self._digests[name] = url_digest(self.url(name))
        return digest

    def wanted(self, events: tuple[str, ...], *, rotate: bool) -> Wanted:
        """Give what the plan has to come to."""
        return Wanted(events, self.address, rotate)
