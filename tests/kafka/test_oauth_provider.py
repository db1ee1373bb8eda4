"""When tokens are fetched, how often, and what happens while none is to be had."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from structlog.testing import capture_logs

from bridge.kafka.oauth_provider import FETCH_WITHIN_S, RETRY_AFTER_S, TokenProvider, TokenUnavailable
from bridge.kafka.oauth_token import NoToken, Token
from tests.virtual_time import run_virtually

LIFE_S = 100.0
Now = Callable[[], float]


class Endpoint:
    """Gives numbered tokens; can be told to fail or to take its time."""

    def __init__(self) -> None:
        self.fetches = 0
        self.failure: Exception | None = None
        self.takes_s = 1.0

    async def fetch(self) -> Token:
        self.fetches += 1
        await asyncio.sleep(self.takes_s)
        if self.failure is not None:
            raise self.failure
        return Token(f"token-{self.fetches}", LIFE_S)


def play(
    story: Callable[[Endpoint, TokenProvider], Awaitable[None]],
    *,
    retry_after_s: float = RETRY_AFTER_S,
    watched: bool = True,
) -> list[str]:
    """Run a story in virtual time; give what was logged."""
    endpoint = Endpoint()

    async def main(now: Now) -> None:
        provider = TokenProvider(endpoint.fetch, "the endpoint", monotonic=now, retry_after_s=retry_after_s)
        if watched:
            provider.watch()
        await story(endpoint, provider)

    with capture_logs() as logs:
        run_virtually(main)
    return [f"{line['event']}: {line.get('reason', line.get('source'))}" for line in logs]


def test_one_fetch_serves_all_who_wait() -> None:
    """Ten connections at once ask for one token, and later ones get the same."""

    async def story(endpoint: Endpoint, provider: TokenProvider) -> None:
        assert await asyncio.gather(*(provider.token() for _ in range(10))) == ["token-1"] * 10
        await asyncio.sleep(0.7 * LIFE_S)
        assert await provider.token() == "token-1"
        assert endpoint.fetches == 1

    assert play(story) == []


def test_nobody_ends_a_fetch_that_others_wait_for() -> None:
    """Who is cancelled leaves the fetch to the others."""

    async def story(endpoint: Endpoint, provider: TokenProvider) -> None:
        first, second = (asyncio.create_task(provider.token()) for _ in range(2))
        await asyncio.sleep(0.5)
        first.cancel()
        assert await second == "token-1"
        assert endpoint.fetches == 1

    play(story)


def test_a_token_is_renewed_when_most_of_its_life_is_over() -> None:
    """At 0.8 of its life whoever wants a connection waits for a new one."""

    async def story(endpoint: Endpoint, provider: TokenProvider) -> None:
        await provider.token()
        await asyncio.sleep(0.81 * LIFE_S)
        assert await provider.token() == "token-2"
        assert endpoint.fetches == 2

    play(story)


def test_a_refresh_renews_in_the_background() -> None:
    """Called every second, it fetches when the token is due and not before, and never beside another fetch."""

    async def story(endpoint: Endpoint, provider: TokenProvider) -> None:
        provider.refresh()
        await asyncio.sleep(2.0)
        assert endpoint.fetches == 0  # nobody has wanted one yet
        await provider.token()
        for _ in range(int(0.75 * LIFE_S)):
            provider.refresh()
            await asyncio.sleep(1.0)
        assert endpoint.fetches == 1
        endpoint.takes_s = 3.0
        for _ in range(10):
            provider.refresh()
            await asyncio.sleep(1.0)
        assert endpoint.fetches == 2
        assert await provider.token() == "token-2"

    play(story)


def test_the_old_token_is_given_out_while_there_is_no_new_one() -> None:
    """From 0.8 to 0.95 of its life a failed fetch costs nothing; afterwards there is none."""

    async def story(endpoint: Endpoint, provider: TokenProvider) -> None:
        await provider.token()
        endpoint.failure = NoToken("answered 503")
        await asyncio.sleep(0.9 * LIFE_S)
        assert await provider.token() == "token-1"
        await asyncio.sleep(0.06 * LIFE_S)
        with pytest.raises(TokenUnavailable, match=r"^the endpoint answered 503$"):
            await provider.token()
        endpoint.failure = None
        await asyncio.sleep(RETRY_AFTER_S)
        assert await provider.token() == "token-4"

    assert play(story) == [
        "there is no new token for Kafka: the endpoint answered 503",
        "there are tokens for Kafka again: the endpoint",
    ]


def test_a_refused_token_is_replaced_soon() -> None:
    """The issuer may have changed its keys: what was good for an hour is good for nothing, and a new one may be."""

    async def story(endpoint: Endpoint, provider: TokenProvider) -> None:
        for _ in range(21):
            await provider.token()
            provider.refused()
            await asyncio.sleep(0.5)
        assert endpoint.fetches == 3
        assert await provider.token() == "token-3"

    assert play(story) == []


def test_a_failed_fetch_is_not_repeated_at_once() -> None:
    """However many connections are wanted, the endpoint is asked every five seconds; the log has one line."""

    async def story(endpoint: Endpoint, provider: TokenProvider) -> None:
        endpoint.failure = NoToken("answered 503")
        for _ in range(100):
            with pytest.raises(TokenUnavailable):
                await provider.token()
            await asyncio.sleep(0.1)
        assert endpoint.fetches == 2

    assert play(story) == ["there is no new token for Kafka: the endpoint answered 503"]


def test_a_fetch_ends_in_time() -> None:
    """An endpoint that never answers holds nobody up for longer than the deadline."""

    async def story(endpoint: Endpoint, provider: TokenProvider) -> None:
        endpoint.takes_s = 1_000.0
        with pytest.raises(TokenUnavailable, match="has not answered within 4 s"):
            async with asyncio.timeout(FETCH_WITHIN_S + 0.1):
                await provider.token()

    assert play(story) == ["there is no new token for Kafka: the endpoint has not answered within 4 s"]


def test_an_endpoint_that_hangs_holds_up_nobody_who_has_a_token() -> None:
    """Once a fetch has failed, new connections get the old token at once, whatever becomes of the fetches to come."""

    async def story(endpoint: Endpoint, provider: TokenProvider) -> None:
        await provider.token()
        endpoint.takes_s = 1_000.0
        await asyncio.sleep(0.81 * LIFE_S)
        provider.refresh()
        await asyncio.sleep(FETCH_WITHIN_S + RETRY_AFTER_S)
        async with asyncio.timeout(0.0):
            assert await provider.token() == "token-1"
        await asyncio.sleep(0.0)
        assert endpoint.fetches == 3

    play(story)


def test_a_fault_of_our_own_is_an_error_like_any_other() -> None:
    """Whatever a fetch raises, connections fail and are tried again."""

    async def story(endpoint: Endpoint, provider: TokenProvider) -> None:
        endpoint.failure = ZeroDivisionError()
        with pytest.raises(TokenUnavailable, match="cannot be asked: ZeroDivisionError"):
            await provider.token()

    assert play(story)[1:] == ["there is no new token for Kafka: the endpoint cannot be asked: ZeroDivisionError"]


def test_without_a_pause_each_connection_asks_anew() -> None:
    """For a file, whose token has no life that we know, and which costs nothing to read."""

    async def story(endpoint: Endpoint, provider: TokenProvider) -> None:
        endpoint.failure = NoToken("does not exist")
        for _ in range(3):
            with pytest.raises(TokenUnavailable):
                await provider.token()
        assert endpoint.fetches == 3

    play(story, retry_after_s=0.0)


def test_a_command_logs_nothing() -> None:
    """It has a sentence of its own, and its output may be read by a machine."""

    async def story(endpoint: Endpoint, provider: TokenProvider) -> None:
        endpoint.failure = NoToken("answered 503")
        with pytest.raises(TokenUnavailable):
            await provider.token()
        assert provider.problem() == "the endpoint answered 503"
        endpoint.failure = None
        await asyncio.sleep(RETRY_AFTER_S)
        await provider.token()
        assert provider.problem() is None
        endpoint.failure = ZeroDivisionError()
        await asyncio.sleep(LIFE_S)
        with pytest.raises(TokenUnavailable):
            await provider.token()

    assert play(story, watched=False) == []
