"""Where tokens come from: a file, a token endpoint, AWS's signer."""

import asyncio
import base64
import json
import ssl
import time
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from aiohttp import web
from botocore.config import Config

from bridge.app import KafkaAccess
from bridge.kafka.msk_iam import msk_iam_tokens
from bridge.kafka.msk_iam_signer import _LIMITS
from bridge.kafka.oauth_endpoint import TokenEndpoint
from bridge.kafka.oauth_file import file_tokens
from bridge.kafka.oauth_provider import TokenProvider, TokenUnavailable
from bridge.kafka.oauth_token import LONGEST_ANSWER, NoToken, Token
from bridge.ops.settings import KafkaSettings
from tests.bench.servers import free_port
from tests.kafka.oauth_issuer import CLIENT_ID, CLIENT_SECRET, TokenServer, token_server
from tests.kafka.secured_certificates import Authority


def signed(user: str, issued: float, life_s: float) -> str:
    return f"{user}-{life_s:g}"


def endpoint_of(server: TokenServer, *, secret: str = CLIENT_SECRET, scope: str | None = None) -> TokenEndpoint:
    return TokenEndpoint(server.url, CLIENT_ID, secret.encode, scope, ssl.create_default_context)


@pytest.mark.asyncio
async def test_an_endpoint_gives_a_token_for_id_and_secret() -> None:
    """The client credentials grant, with the scope that is wanted; any character may be in a secret."""
    async with token_server(signed, "worker", 300.0) as server:
        assert await endpoint_of(server, scope="kafka offline").fetch() == Token("worker-300", 300.0)
        assert await endpoint_of(server).fetch() == Token("worker-300", 300.0)
        assert server.scopes == ["kafka offline", ""]


@pytest.mark.asyncio
async def test_a_refusal_names_no_secret() -> None:
    """The endpoint's code is told, and not its description, which quotes the secret here."""
    async with token_server(signed, "worker", 300.0) as server:
        with pytest.raises(NoToken) as raised:
            await endpoint_of(server, secret="wrong").fetch()
    assert str(raised.value) == "answered 401 invalid_client: see kafka.sasl_oauth_client_id and its secret"


@pytest.mark.asyncio
async def test_a_changed_secret_counts_at_the_next_fetch(tmp_path: Path) -> None:
    """A service looks at its file every second; nothing is restarted."""
    file = tmp_path / "secret"
    file.write_text("wrong")
    async with token_server(signed, "worker", 0.0) as server:
        section = {
            "bootstrap_servers": "a:1",
            "security_protocol": "SASL_PLAINTEXT",
            "sasl_mechanism": "OAUTHBEARER",
            "sasl_oauth_token_url": server.url,
            "sasl_oauth_client_id": CLIENT_ID,
            "sasl_oauth_client_secret_file": str(file),
        }
        access = KafkaAccess(KafkaSettings.model_validate(section))
        assert access.tokens is not None
        access.tokens._retry_after_s = 0.0
        with pytest.raises(TokenUnavailable, match="invalid_client"):
            await access.tokens.token()
        file.write_text(CLIENT_SECRET)
        access.refresh()
        assert await access.tokens.token() == "worker-0"


@pytest.mark.asyncio
async def test_an_endpoint_that_is_away_is_told_so() -> None:
    """Nobody listens there."""
    port = free_port()
    endpoint = TokenEndpoint(f"http://127.0.0.1:{port}/token", CLIENT_ID, b"s".strip, None, ssl.create_default_context)
    with pytest.raises(NoToken, match=f"cannot be reached: .*127.0.0.1:{port}"):
        await endpoint.fetch()


@pytest.mark.parametrize(
    ("status", "headers", "body", "predicate"),
    [
        (307, {"Location": "/elsewhere"}, b"", "answered 307"),
        (200, {}, b"x" * (LONGEST_ANSWER + 1), "answered with more than 64 KiB"),
        (200, {"Content-Encoding": "gzip"}, b"no gzip", "gave no usable answer: ClientPayloadError"),
    ],
)
@pytest.mark.asyncio
async def test_what_is_no_answer_is_told_so(status: int, headers: dict[str, str], body: bytes, predicate: str) -> None:
    """The secret follows no redirect, and no answer fills the memory."""
    asked: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        asked.append(request.path)
        return web.Response(status=status, headers=headers, body=body)

    application = web.Application()
    application.router.add_post("/{any}", answer)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        url = f"http://127.0.0.1:{runner.addresses[0][1]}/token"
        with pytest.raises(NoToken) as raised:
            await TokenEndpoint(url, CLIENT_ID, b"s".strip, None, ssl.create_default_context).fetch()
    finally:
        await runner.cleanup()
    assert str(raised.value) == predicate
    assert asked == ["/token"]


@pytest.mark.asyncio
async def test_an_endpoint_over_tls_must_be_trusted(tmp_path: Path) -> None:
    """`sasl_oauth_ca_file` says by whom; it is read for each fetch, and without it the endpoint is not trusted."""
    authority = Authority.make(tmp_path, "authority")
    certificate = authority.issue("endpoint", subject="endpoint")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate.cert, certificate.key)
    async with token_server(signed, "worker", 300.0, tls=context) as server:
        section = {
            "bootstrap_servers": "a:1",
            "security_protocol": "SASL_PLAINTEXT",
            "sasl_mechanism": "OAUTHBEARER",
            "sasl_oauth_token_url": server.url,
            "sasl_oauth_client_id": CLIENT_ID,
            "sasl_oauth_client_secret": CLIENT_SECRET,
        }
        trusting = provider_of(section | {"sasl_oauth_ca_file": str(authority.cert)})
        assert await trusting.token() == "worker-300"
        with pytest.raises(TokenUnavailable, match=r"cannot be reached: .*certificate verify failed"):
            await provider_of(section).token()
        gone = provider_of(section | {"sasl_oauth_ca_file": str(tmp_path / "gone")})
        with pytest.raises(TokenUnavailable, match=r"cannot be asked: kafka.sasl_oauth_ca_file does not exist"):
            await gone.token()


def provider_of(section: dict[str, str]) -> TokenProvider:
    provider = KafkaAccess(KafkaSettings.model_validate(section)).options().sasl_tokens
    assert provider is not None
    return provider


@pytest.mark.asyncio
async def test_a_file_is_read_for_each_connection(tmp_path: Path) -> None:
    """Whatever renews it: what stands there counts, without white space; what does not is one sentence."""
    file = tmp_path / "token"
    provider = file_tokens(file, time.monotonic, {"logicalCluster": "lkc-1"})
    with pytest.raises(TokenUnavailable) as raised:
        await provider.token()
    assert str(raised.value) == f"the token file {file} does not exist"
    file.write_text("first\n")
    assert await provider.token() == "first"
    file.write_text("second")
    assert await provider.token() == "second"
    for content in ("two words", "ä"):
        file.write_text(content)
        with pytest.raises(TokenUnavailable, match="holds no token, but characters that no token has"):
            await provider.token()
    assert provider.extensions() == {"logicalCluster": "lkc-1"}


@pytest.fixture
def no_credentials(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Take away whatever AWS credentials this machine has."""
    for name in ("AWS_PROFILE", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_CREDENTIALS_FULL_URI"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))


@pytest.mark.asyncio
async def test_msk_gets_a_url_signed_for_its_region(monkeypatch: pytest.MonkeyPatch, no_credentials: None) -> None:
    """A signature of the pod's credentials over host, action and region, for 15 minutes, in base64url."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIATEST")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "the-secret-key")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "the-session")
    section = {
        "bootstrap_servers": "b-1.msk.test:9098",
        "security_protocol": "SASL_SSL",
        "sasl_mechanism": "AWS_MSK_IAM",
        "sasl_aws_region": "eu-north-1",
    }
    options = KafkaAccess(KafkaSettings.model_validate(section)).options()
    assert options.sasl_mechanism == "OAUTHBEARER"
    assert options.sasl_tokens is not None
    token = await options.sasl_tokens.token()
    assert await options.sasl_tokens.token() == token
    assert set(token) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
    url = urlsplit(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode())
    query = {name: values[0] for name, values in parse_qs(url.query).items()}
    assert (url.scheme, url.hostname, query["Action"]) == (
        "https",
        "kafka.eu-north-1.amazonaws.com",
        "kafka-cluster:Connect",
    )
    assert query["X-Amz-Expires"] == "900"
    credential = query["X-Amz-Credential"].split("/")
    assert (credential[0], *credential[2:]) == ("AKIATEST", "eu-north-1", "kafka-cluster", "aws4_request")
    assert query["X-Amz-Security-Token"] == "the-session"
    assert "the-secret-key" not in json.dumps(query)


@pytest.mark.asyncio
async def test_without_aws_credentials_it_is_told_so(no_credentials: None) -> None:
    """The library fails without a word about it."""
    with pytest.raises(TokenUnavailable) as raised:
        await msk_iam_tokens("eu-north-1", time.monotonic).token()
    assert str(raised.value) == (
        "signing a token for Amazon MSK in eu-north-1 failed: "
        "no AWS credentials were found in the environment of this process"
    )


@pytest.mark.asyncio
async def test_credentials_that_cannot_be_fetched_are_told_so(
    monkeypatch: pytest.MonkeyPatch, no_credentials: None, tmp_path: Path
) -> None:
    """A role of a Kubernetes service account whose token file is not mounted, for instance."""
    monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", str(tmp_path / "gone"))
    monkeypatch.setenv("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/bridge")
    with pytest.raises(TokenUnavailable, match=r"signing a token for Amazon MSK in eu-north-1 failed: .*gone"):
        await msk_iam_tokens("eu-north-1", time.monotonic).token()


@pytest.mark.asyncio
async def test_an_sts_that_does_not_answer_holds_nobody_up(
    monkeypatch: pytest.MonkeyPatch, no_credentials: None, tmp_path: Path
) -> None:
    """AWS's library would ask for minutes; here the question is over, and asked once."""
    asked: list[asyncio.StreamWriter] = []
    server = await asyncio.start_server(lambda _, writer: asked.append(writer), "127.0.0.1", 0)
    monkeypatch.setattr("bridge.kafka.msk_iam_signer._LIMITS", Config(read_timeout=0.2, retries=_LIMITS.retries))
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
    (tmp_path / "token").write_text("a service account's token")
    monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", str(tmp_path / "token"))
    monkeypatch.setenv("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/bridge")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-north-1")
    try:
        with pytest.raises(TokenUnavailable, match="in eu-north-1 failed: ReadTimeoutError"):
            await msk_iam_tokens("eu-north-1", time.monotonic).token()
    finally:
        for writer in asked:
            writer.close()
        server.close()
    assert len(asked) == 1
