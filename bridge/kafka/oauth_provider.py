"""The token that every Kafka client of a process logs in with, fetched once for all of them.

A token is given out until `RENEW_AT` of its life is over: brokers end a connection when its token ends, so each new
connection should have most of a life before it. From then on a new one is fetched, by whoever wants a connection or
calls `refresh`. When that fails, the old one is given out for as long as it lives, and `RETRY_AFTER_S` pass before the
next fetch, however many connections are wanted meanwhile. A token that the brokers refuse is replaced as soon.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

import structlog
from aiokafka.abc import AbstractTokenProvider
from aiokafka.errors import KafkaError
from typing_extensions import override

from bridge.kafka.oauth_token import NoToken, Token, claims

log = structlog.get_logger(__name__)

FETCH_WITHIN_S: Final = 4.0
# Below what a shard's journal takes for all of its connections (10 s), and the search for a cause for one (5 s).
RENEW_AT: Final = 0.8
# Of a token's life.
USABLE_UNTIL: Final = 0.95
# Of a token's life: the brokers' clocks may be ahead, and the token still has to get there.
RETRY_AFTER_S: Final = 5.0
# After a failed fetch. A shard is taken over by some five connections, which must not wait for five fetches in a row.

Fetch = Callable[[], Awaitable[Token]]
"""Asks for a token; raises NoToken."""


class TokenUnavailable(KafkaError):  # type: ignore[misc]  # the library has no types
    """No connection can be made for want of a token; the text is a sentence without a secret."""

    @override
    def __str__(self) -> str:
        return str(self.args[0])


@dataclass(frozen=True)
class _Held:
    token: Token
    asked_at: float
    renew_at: float
    usable_until: float


class TokenProvider(AbstractTokenProvider):  # type: ignore[misc]  # the library has no types
    """Gives tokens of a `source`, which begins a sentence: "the token endpoint https://…".

    `monotonic` is a clock in seconds.
    """

    def __init__(
        self,
        fetch: Fetch,
        source: str,
        *,
        monotonic: Callable[[], float],
        extensions: Mapping[str, str] | None = None,
        retry_after_s: float = RETRY_AFTER_S,
    ) -> None:
        self.source = source
        self._fetch = fetch
        self._monotonic = monotonic
        self._extensions = dict(extensions or {})
        self._retry_after_s = retry_after_s
        self._held: _Held | None = None
        self._fetching: asyncio.Task[str | None] | None = None
        self._failure: str | None = None
        self._failed_at = 0.0
        self._watched = False

    def watch(self) -> None:
        """Log from now on when fetches begin to fail and when they succeed again: a command has words of its own."""
        self._watched = True

    def problem(self) -> str | None:
        """Say why the last fetch has failed; None when it has not. The token before may still be good."""
        return None if self._failure is None else f"{self.source} {self._failure}"

    @override
    async def token(self) -> str:
        """Give a token that is good for a new connection; raise TokenUnavailable."""
        held = self._held
        if held is not None and self._monotonic() < held.renew_at:
            return held.token.value
        fetching = self._asking() if self._may_ask_again() else None
        if fetching is None or (self._failure is not None and self._usable()):
            # Whoever has not answered may not answer again: connections do not wait for it while there is a token.
            return self._old(self._failure)
        # Others wait for the same fetch, so nobody who is cancelled may end it.
        failure = await asyncio.shield(fetching)
        return self._old(failure) if failure is not None or self._held is None else self._held.token.value

    def refresh(self) -> None:
        """Begin to fetch a new token where the one held is due; called again and again, so that none is short of it."""
        held = self._held
        if held is not None and held.token.life_s > 0 and self._monotonic() >= held.renew_at and self._may_ask_again():
            _ = self._asking()

    @override
    def extensions(self) -> Mapping[str, str]:
        """Give what is sent to the brokers beside the token."""
        return self._extensions

    def refused(self) -> None:
        """Hear that the brokers do not take the token: the next may be a better one, but is not asked for at once."""
        held = self._held
        if held is not None:
            self._held = replace(held, renew_at=min(held.renew_at, held.asked_at + self._retry_after_s))

    def told(self) -> str:
        """Give what the last token says of itself, for the end of a sentence; nothing of it is secret."""
        told = claims(self._held.token.value) if self._held is not None else ""
        return f" (it says {told})" if told else ""

    def _may_ask_again(self) -> bool:
        return self._failure is None or self._monotonic() - self._failed_at >= self._retry_after_s

    def _usable(self) -> bool:
        return self._held is not None and self._monotonic() < self._held.usable_until

    def _asking(self) -> asyncio.Task[str | None]:
        """Give the fetch that is under way: there is never more than one."""
        if self._fetching is None:
            self._fetching = asyncio.create_task(self._fetch_once(), name="token for Kafka")
            self._fetching.add_done_callback(self._ended)
        return self._fetching

    def _old(self, failure: str | None) -> str:
        """Give the token that is held for as long as it lives, whatever came in place of a new one."""
        if self._held is None or not self._usable():
            raise TokenUnavailable(f"{self.source} {failure}")
        return self._held.token.value

    def _ended(self, _: object) -> None:
        self._fetching = None

    async def _fetch_once(self) -> str | None:
        """Fetch a token; give what went wrong, as a predicate."""
        asked_at = self._monotonic()
        try:
            async with asyncio.timeout(FETCH_WITHIN_S):
                token = await self._fetch()
        except NoToken as error:
            return self._failed(str(error))
        except TimeoutError:
            return self._failed(f"has not answered within {FETCH_WITHIN_S:g} s")
        except Exception as error:  # noqa: BLE001 - whoever waits for a token gets a sentence, whatever is wrong
            self._log(log.exception, "fetching a token failed")
            return self._failed(f"cannot be asked: {type(error).__name__}")
        renew_at, usable_until = asked_at + RENEW_AT * token.life_s, asked_at + USABLE_UNTIL * token.life_s
        self._held = _Held(token, asked_at, renew_at, usable_until)
        if self._failure is not None:
            self._failure = None
            self._log(log.info, "there are tokens for Kafka again", source=self.source)
        return None

    def _failed(self, failure: str) -> str:
        self._failed_at = self._monotonic()
        if failure != self._failure:
            self._failure = failure
            self._log(log.warning, "there is no new token for Kafka", reason=self.problem())
        return failure

    def _log(self, level: Callable[..., object], event: str, **fields: object) -> None:
        if self._watched:
            level(event, **fields)
