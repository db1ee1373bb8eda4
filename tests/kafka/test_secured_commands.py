"""What the commands say of a Kafka that does not let them in."""

import asyncio
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner, Result

from bridge.cli.main import app
from tests.kafka.secured_certificates import Authority
from tests.kafka.secured_kafka import SecuredKafka

Section = Mapping[str, object]


def another_password(kafka: SecuredKafka, folder: Path) -> Section:
    (folder / "password").write_text("not-the-password")
    return {**kafka.section("SASL_TLS"), "sasl_password_file": str(folder / "password")}


def another_authority(kafka: SecuredKafka, folder: Path) -> Section:
    return {**kafka.section("TLS"), "ssl_ca_file": str(Authority.make(folder, "another").cert)}


def no_tls(kafka: SecuredKafka, folder: Path) -> Section:
    return {"bootstrap_servers": kafka.at("TLS")}


WRONG: dict[str, tuple[Callable[[SecuredKafka, Path], Section], str]] = {
    "password": (another_password, "refuses the user super or the password: see that kafka.sasl_username"),
    "authority": (another_authority, "shows a certificate of an authority that we do not trust: put that authority's"),
    "protocol": (no_tls, "speaks TLS on this port: set kafka.security_protocol to SSL"),
}


async def bridge(folder: Path, section: Section, *words: str) -> Result:
    """Run a command line to its end, beside the test; the folder's name is the installation's."""
    config = folder / "bridge.yaml"
    connection = {"base_url": "https://pbx.example.com/api/v2", "webhook_secret": "the webhook secret of acme"}
    topics = {"prefix": f"c{uuid.uuid5(uuid.NAMESPACE_URL, str(folder)).hex[:8]}", "replication_factor": 1}
    whole = {"kafka": dict(section), "topics": topics, "connections": {"acme": connection}}
    config.write_text(yaml.safe_dump(whole))
    return await asyncio.to_thread(lambda: CliRunner().invoke(app, [*words, "--config", str(config)]))


@pytest.mark.parametrize("case", WRONG)
@pytest.mark.asyncio
async def test_a_command_says_in_one_sentence_why_kafka_does_not_let_it_in(
    secured_kafka: SecuredKafka, tmp_path: Path, case: str
) -> None:
    """`check` has a line for it, `topics plan` and `tail` say nothing else; exit 1, and no password is shown."""
    make, sentence = WRONG[case]
    section = make(secured_kafka, tmp_path)
    whole = f"Kafka at {section['bootstrap_servers']} {sentence}"
    for words in (["topics", "plan"], ["tail"]):
        command = await bridge(tmp_path, section, *words)
        assert (command.exit_code, command.stdout) == (1, "")
        (line,) = command.stderr.splitlines()
        assert line.startswith(f"bridge: {whole}")
        assert "not-the-password" not in line
    check = await bridge(tmp_path, section, "check")
    assert (check.exit_code, check.stderr) == (1, "")
    (wrong,) = [line for line in check.stdout.splitlines() if line.startswith("WRONG")]
    assert wrong.startswith(f"WRONG  kafka: {whole}")
    assert "not-the-password" not in check.stdout


@pytest.mark.asyncio
async def test_a_command_is_let_in_like_a_service(secured_kafka: SecuredKafka, tmp_path: Path) -> None:
    """With a certificate and a password `topics apply` makes the topics, and `check` finds nothing wrong with Kafka."""
    section = secured_kafka.section("SASL_TLS_CLIENT")
    assert (await bridge(tmp_path, section, "topics", "apply")).exit_code == 0
    assert (await bridge(tmp_path, section, "topics", "plan")).stdout == "all topics are as configured\n"
    check = await bridge(tmp_path, section, "check", "--role", "ingress")
    assert [line for line in check.stdout.splitlines() if line.startswith("WRONG")] == []
    assert f"ok     kafka: {secured_kafka.at('SASL_TLS_CLIENT')} answers" in check.stdout
