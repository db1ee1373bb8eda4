"""What `bridge check` says of tokens that are wrong, or not to be had: one sentence, and no traceback."""

import asyncio
import json
import sys
from asyncio.subprocess import PIPE
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner, Result

from bridge.cli.main import app
from bridge.ops.clock import epoch_ms
from tests.bench.servers import free_port
from tests.kafka.oauth_issuer import CLIENT_ID, token_server
from tests.kafka.secured_kafka import SecuredKafka

SIGNATURE = 40
# Characters of the end of a token, which nobody but the issuer can write.

WRONG_TOKENS: dict[str, tuple[Callable[[SecuredKafka], str], str]] = {
    "expired": (
        lambda kafka: kafka.issuer.token("super", issued=1_700_000_000.0),
        'sub "super", aud "kafka", expires 2023-11-14T23:13:20Z',
    ),
    "of another audience": (
        lambda kafka: kafka.issuer.token("super", issued=epoch_ms() / 1000, audience="web"),
        'sub "super", aud "web", expires ',
    ),
    "signed by another": (
        lambda kafka: kafka.token("super")[:-SIGNATURE] + "A" * SIGNATURE,
        'sub "super", aud "kafka"',
    ),
    "no JWT": (lambda _: "opaque", ""),
}


def configure(folder: Path, kafka: SecuredKafka, **keys: object) -> Path:
    protocol = {"security_protocol": "SASL_PLAINTEXT", "sasl_mechanism": "OAUTHBEARER"}
    section = {"bootstrap_servers": kafka.at("SASL"), **protocol, **keys}
    connection = {"base_url": "https://pbx.example.com/api/v2", "webhook_secret": "the webhook secret of acme"}
    config = folder / "bridge.yaml"
    config.write_text(yaml.safe_dump({"kafka": section, "connections": {"acme": connection}}))
    return config


async def check(folder: Path, kafka: SecuredKafka, **keys: object) -> Result:
    config = configure(folder, kafka, **keys)
    return await asyncio.to_thread(lambda: CliRunner().invoke(app, ["check", "--config", str(config)]))


def wrong(result: Result) -> str:
    """Give the one line of what is wrong."""
    assert (result.exit_code, result.stderr) == (1, "")
    (line,) = [line for line in result.stdout.splitlines() if line.startswith("WRONG")]
    return line


@pytest.mark.parametrize("case", WRONG_TOKENS)
@pytest.mark.asyncio
async def test_a_refused_token_says_what_it_claims(secured_kafka: SecuredKafka, tmp_path: Path, case: str) -> None:
    """The brokers only say that it is invalid; what it says of itself is mostly the reason. The token is not shown."""
    make, claims = WRONG_TOKENS[case]
    token = make(secured_kafka)
    (tmp_path / "token").write_text(token)
    line = wrong(await check(tmp_path, secured_kafka, sasl_oauth_token_file=str(tmp_path / "token")))
    assert f"the brokers refuse the token of the token file {tmp_path}/token: invalid_token" in line
    assert claims in line
    assert token not in line


@pytest.mark.asyncio
async def test_a_missing_token_file_is_named(secured_kafka: SecuredKafka, tmp_path: Path) -> None:
    """It may be another's to write, so the configuration is in order without it; a machine can read what is said."""
    config = configure(tmp_path, secured_kafka, sasl_oauth_token_file=str(tmp_path / "token"))
    command = sys.executable, "-m", "bridge.cli", "check", "--json", "--config", str(config)
    process = await asyncio.create_subprocess_exec(*command, stdout=PIPE, stderr=PIPE)
    output, errors = await process.communicate()
    assert (process.returncode, errors) == (1, b"")
    (sentence,) = [item["sentence"] for item in json.loads(output)["checks"] if not item["ok"]]
    assert sentence == (
        f"there is no token to log in to Kafka at {secured_kafka.at('SASL')} with: "
        f"the token file {tmp_path}/token does not exist"
    )


@pytest.mark.asyncio
async def test_a_token_endpoint_that_refuses_or_is_away_is_named(secured_kafka: SecuredKafka, tmp_path: Path) -> None:
    """A wrong secret, and then nobody there."""
    (tmp_path / "secret").write_text("not-to-be-shown\n")
    client = {"sasl_oauth_client_id": CLIENT_ID, "sasl_oauth_client_secret_file": str(tmp_path / "secret")}
    start = f"WRONG  kafka: there is no token to log in to Kafka at {secured_kafka.at('SASL')} with: the token endpoint"
    async with token_server(lambda *_: "unused", "super", 60.0) as server:
        line = wrong(await check(tmp_path, secured_kafka, sasl_oauth_token_url=server.url, **client))
        refusal = "answered 401 invalid_client: see kafka.sasl_oauth_client_id and its secret"
        assert line == f"{start} {server.url} {refusal}"
    url = f"http://127.0.0.1:{free_port()}/token"
    line = wrong(await check(tmp_path, secured_kafka, sasl_oauth_token_url=url, **client))
    assert line.startswith(f"{start} {url} cannot be reached: ")
    assert "not-to-be-shown" not in line


@pytest.mark.asyncio
async def test_a_good_token_lets_check_in(secured_kafka: SecuredKafka, tmp_path: Path) -> None:
    """With it the report goes on to the topics."""
    (tmp_path / "token").write_text(secured_kafka.token("super"))
    result = await check(tmp_path, secured_kafka, sasl_oauth_token_file=str(tmp_path / "token"))
    assert f"ok     kafka: {secured_kafka.at('SASL')} answers" in result.stdout
