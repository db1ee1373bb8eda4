"""A whole bridge, ingress and worker, that logs in to a real broker with tokens."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio
from aiokafka.conn import CloseReason
from structlog.testing import capture_logs

from bridge.app import KafkaAccess
from bridge.kafka.access_probe import find_denial
from bridge.kafka.sasl_connection import SaslConnection
from bridge.ops.settings import KafkaSettings
from tests.kafka.oauth_bridge import WholeBridge, whole_bridge
from tests.kafka.oauth_issuer import CLIENT_ID, CLIENT_SECRET, TokenServer, token_server
from tests.kafka.secured_kafka import SecuredKafka

LIFE_S = 5.0
LOAD_S = 9.0
# Nearly two lives of a token: every connection is replaced at least once.


def sign(kafka: SecuredKafka, user: str, issued: float, life_s: float) -> str:
    return kafka.issuer.token(user, issued=issued, lifetime=life_s)


def section(kafka: SecuredKafka, **keys: object) -> dict[str, object]:
    protocol = {"security_protocol": "SASL_PLAINTEXT", "sasl_mechanism": "OAUTHBEARER"}
    return {"bootstrap_servers": kafka.at("SASL"), **protocol, **keys}


def of_endpoint(kafka: SecuredKafka, server: TokenServer) -> dict[str, object]:
    return section(
        kafka,
        sasl_oauth_token_url=server.url,
        sasl_oauth_client_id=CLIENT_ID,
        sasl_oauth_client_secret=CLIENT_SECRET,
        sasl_oauth_extensions={"logicalCluster": "lkc-1", "identityPoolId": "pool-1"},
    )


@pytest_asyncio.fixture(loop_scope="session")
async def endpoint(secured_kafka: SecuredKafka) -> AsyncIterator[TokenServer]:
    """Give an endpoint whose tokens live for seconds."""
    async with token_server(lambda *token: sign(secured_kafka, *token), "super", LIFE_S) as server:
        yield server


@pytest.fixture
def closed(monkeypatch: pytest.MonkeyPatch) -> Counter[CloseReason | None]:
    """Count why connections have ended."""
    reasons: Counter[CloseReason | None] = Counter()
    close = SaslConnection.close

    def noted(self: SaslConnection, reason: CloseReason | None = None, exc: Exception | None = None) -> object:
        reasons[reason] += self._reader is not None
        return close(self, reason, exc)

    monkeypatch.setattr(SaslConnection, "close", noted)
    return reasons


async def load(bridge: WholeBridge, seconds: float) -> None:
    """Post webhooks and publish dials for a while, some 40 and 4 a second."""
    now = asyncio.get_running_loop().time
    until = now() + seconds
    async with aiohttp.ClientSession() as session:
        for number in range(10**6):
            if now() > until:
                return
            await bridge.hook(session, 1_000_000 + number)
            if number % 10 == 0:
                await bridge.dial(f"3706{number:07d}")
            await asyncio.sleep(0.02)


async def unready_looks(bridge: WholeBridge) -> Mapping[str, int]:
    """Count what readiness complains of, until cancelled."""
    seen: Counter[str] = Counter()
    try:
        while True:
            seen.update(bridge.problems())
            await asyncio.sleep(0.02)
    except asyncio.CancelledError:
        return seen


@pytest.mark.asyncio
async def test_the_ends_of_sessions_are_not_noticed(
    secured_kafka: SecuredKafka, endpoint: TokenServer, closed: Counter[CloseReason | None], tmp_path: Path
) -> None:
    """With tokens of seconds under load: all is stored once, dialled once, answered once, and nothing is unready.

    The broker ends a session with its token. Every connection has been replaced by then, while nothing was under way.
    """
    now = asyncio.get_running_loop().time
    began = now()
    async with whole_bridge(of_endpoint(secured_kafka, endpoint), secured_kafka.bootstrap, tmp_path) as bridge:
        await bridge.ready()
        looking = asyncio.create_task(unready_looks(bridge))
        await load(bridge, LOAD_S)
        looking.cancel()
        assert await looking == {}
        assert bridge.refused == []
        assert set((await bridge.read_back()).values()) == {1}
        assert set((await bridge.results()).values()) == {1}
        assert Counter(bridge.posts().values()) == {1: len(bridge.commanded)}
        assert closed[CloseReason.CONNECTION_BROKEN] == 0
        assert closed[CloseReason.IDLE_DROP] >= 10
        assert bridge.count("bridge_router_connections_total") == 1
        assert bridge.count("bridge_kafka_producer_replacements_total") == 0
        # Of two services, at 0.8 of a token's life; not one for each connection.
        assert len(endpoint.scopes) <= 2 * (1 + (now() - began) / (0.8 * LIFE_S))
        assert len(bridge.answered) > 100


@pytest.mark.asyncio
async def test_an_endpoint_may_be_away(secured_kafka: SecuredKafka, endpoint: TokenServer, tmp_path: Path) -> None:
    """When the last token is over webhooks get 503; once there are tokens again all goes on by itself.

    The log has a line when it begins and one when it ends, for each process, and no secret.
    """
    with capture_logs() as logs:
        async with whole_bridge(of_endpoint(secured_kafka, endpoint), secured_kafka.bootstrap, tmp_path) as bridge:
            await bridge.ready()
            endpoint.refusal = 401, "invalid_client"
            async with aiohttp.ClientSession() as session, asyncio.timeout(20.0):
                for number in range(10**6):
                    await bridge.hook(session, 2_000_000 + number)
                    if bridge.refused:
                        break
                    await asyncio.sleep(0.05)
                assert set(bridge.refused) == {503}
                assert bridge.count("bridge_kafka_token_fetch_failing") == 2
                endpoint.refusal = None
                await bridge.ready()
                await bridge.hook(session, 2_999_999)
                assert bridge.count("bridge_kafka_token_fetch_failing") == 0
            await bridge.dial("37060000001")
            assert len(bridge.refused) == 1
            assert set((await bridge.read_back()).values()) == {1}
            assert set((await bridge.results()).values()) == {1}
    refusal = "answered 401 invalid_client: see kafka.sasl_oauth_client_id and its secret"
    lines = [f"{line['event']}: {line.get('reason', line.get('source'))}" for line in logs]
    begun = f"there is no new token for Kafka: the token endpoint {endpoint.url} {refusal}"
    assert lines.count(begun) == 2
    assert lines.count(f"there are tokens for Kafka again: the token endpoint {endpoint.url}") == 2
    assert CLIENT_SECRET not in str(logs)
    assert "eyJ" not in str(logs)


@pytest.mark.asyncio
async def test_a_token_file_may_come_late_and_be_wrong_at_first(secured_kafka: SecuredKafka, tmp_path: Path) -> None:
    """No file, then an expired token, then a good one: a sentence for each, and then all goes on by itself."""
    file = tmp_path / "token"
    with capture_logs() as logs:
        kafka = section(secured_kafka, sasl_oauth_token_file=str(file))
        async with whole_bridge(kafka, secured_kafka.bootstrap, tmp_path) as bridge:
            await said(logs, f"the token file {file} does not exist")
            file.write_text(secured_kafka.issuer.token("super", issued=1_700_000_000.0))
            await said(logs, f"the brokers refuse the token of the token file {file}: invalid_token (it says ")
            await said(logs, 'sub "super", aud "kafka", expires 2023-11-14T23:13:20Z')
            file.write_text(secured_kafka.token("super"))
            await bridge.ready()
            async with aiohttp.ClientSession() as session:
                await bridge.hook(session, 3_000_000)
            await bridge.dial("37060000002")
            assert bridge.refused == []
            assert set((await bridge.read_back()).values()) == {1}
            assert set((await bridge.results()).values()) == {1}
    assert "eyJ" not in str(logs)


@pytest.mark.asyncio
async def test_a_refused_token_of_an_hour_is_soon_replaced(secured_kafka: SecuredKafka) -> None:
    """The endpoint's mistake is over sooner than the token's life."""
    audiences = iter(["another"])

    def sign_wrongly_first(user: str, issued: float, life_s: float) -> str:
        audience = next(audiences, "kafka")
        return secured_kafka.issuer.token(user, issued=issued, lifetime=life_s, audience=audience)

    async with token_server(sign_wrongly_first, "super", 3600.0) as server:
        kafka = KafkaAccess(KafkaSettings.model_validate(of_endpoint(secured_kafka, server)))
        assert kafka.tokens is not None
        kafka.tokens._retry_after_s = 0.0
        denial = await find_denial(kafka.options(), 0)
        assert denial is not None
        assert 'invalid_token (it says iss "https://issuer.test", sub "super", aud "another"' in denial
        assert await find_denial(kafka.options(), 0) is None


async def said(logs: Sequence[Mapping[str, object]], part: str) -> None:
    """Wait until the log says so."""
    try:
        async with asyncio.timeout(15.0):
            while not any(part in str(line) for line in logs):  # noqa: ASYNC110 - a log tells nobody
                await asyncio.sleep(0.05)
    except TimeoutError:
        raise AssertionError(f"nothing of {part!r} in {logs}") from None
