"""What `bridge send` says when something is wrong, and `bridge check` of the command topic."""

from pathlib import Path

import pytest
import pytest_asyncio
from typer.testing import CliRunner

from bridge.cli.main import app
from bridge.cli.send import exchange
from bridge.events.command_catalogue import CommandName
from bridge.kafka.local import LocalKafka
from tests.bench.servers import free_port
from tests.cli.installations import DIAL, Installation


@pytest_asyncio.fixture(loop_scope="session")
async def installation(kafka: LocalKafka, tmp_path: Path) -> Installation:
    """Give an installation without topics."""
    return Installation(kafka.bootstrap, tmp_path)


@pytest.mark.asyncio
async def test_wrong_use_is_one_sentence(tmp_path: Path) -> None:
    """Exit 2, before Kafka is asked for anything."""
    nobody = Installation(f"127.0.0.1:{free_port()}", tmp_path)
    run = await nobody.bridge("send", "list-lost-calls", "--connection", "acme", "--to", "noon", "--wait", "1s")
    sentence = "bridge: --to: must be an RFC 3339 time with an offset, such as 2017-10-16T21:26:59Z\n"
    assert (run.exit_code, run.stdout, run.stderr) == (2, "", sentence)


@pytest.mark.parametrize("command", [*(("send", name) for name in CommandName), ("send",), ("doubts",)])
def test_each_command_helps_with_an_example(command: tuple[str, ...]) -> None:
    """`--help` shows how to call it."""
    run = CliRunner().invoke(app, [*command, "--help"], prog_name="bridge")
    assert run.exit_code == 0
    assert f"Example: bridge {' '.join(command)} " in " ".join(run.output.split())


@pytest.mark.asyncio
async def test_a_connection_that_is_not_configured_is_a_warning(installation: Installation) -> None:
    """A worker may know it; more likely it is a typo."""
    await installation.create(installation.commands)
    run = await installation.bridge("send", "get-call", "7", "--connection", "acne")
    assert run.exit_code == 0
    assert run.stderr == (
        "bridge: acne is not in this configuration, which has acme: a worker that does not know it either answers "
        "invalid after 15 s\n"
    )


@pytest.mark.asyncio
async def test_a_topic_that_is_missing_is_named_and_not_made(installation: Installation) -> None:
    """The brokers would make it with settings of their own."""
    run = await installation.bridge(*DIAL)
    sentence = (
        f"bridge: {installation.commands} does not exist, or we may not see it: "
        "bridge topics apply creates topics, bridge topics rights lists the rights that each role needs\n"
    )
    assert (run.exit_code, run.stdout, run.stderr) == (1, "", sentence)
    run = await installation.bridge(*DIAL, "--wait", "1s")
    assert (run.exit_code, run.stderr) == (1, sentence.replace(installation.commands, installation.results))


@pytest.mark.asyncio
async def test_a_topic_without_the_brokers_times_is_told(installation: Installation) -> None:
    """`send` warns, `check` calls it wrong; both say what no worker can do until it is corrected."""
    await installation.create(installation.commands, settings={"message.timestamp.type": "CreateTime"})
    run = await installation.bridge(*DIAL)
    assert run.exit_code == 0
    assert "has another message.timestamp.type than LogAppendTime: no worker is ready until" in run.stderr
    config = installation.config.read_text()
    installation.config.write_text(config.replace("acme:", "acme:\n    webhook_secret: the webhook secret of acme"))
    run = await installation.bridge("check")
    assert run.exit_code == 1
    (line,) = [line for line in run.stdout.splitlines() if "message.timestamp.type" in line]
    assert line == (
        f"WRONG  {installation.commands}: has message.timestamp.type=CreateTime, configured is LogAppendTime: bridge "
        "topics apply corrects it; until then no worker is ready, since the deadlines of commands count from the "
        "brokers' clock"
    )
    assert "ok     configuration: complete for the ingress, 1 connection; a worker would not start: " in run.stdout
    assert (await installation.bridge("check", "--role", "worker")).exit_code == 2


@pytest.mark.asyncio
async def test_a_kafka_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    """Nothing was sent, exit 1."""
    nobody = Installation(f"127.0.0.1:{free_port()}", tmp_path)
    for more in ((), ("--wait", "1s")):
        run = await nobody.bridge(*DIAL, *more)
        assert (run.exit_code, run.stdout) == (1, "")
        assert run.stderr.splitlines()[-1].startswith(f"bridge: Kafka at {nobody.bootstrap} cannot be reached")


@pytest.mark.asyncio
async def test_a_command_without_an_acknowledgement_may_be_repeated(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody knows whether it is stored, so the sentence gives the id under which a repeat does no harm."""
    monkeypatch.setattr(exchange, "ACKNOWLEDGED_WITHIN_S", 0)
    await installation.create(installation.commands)
    run = await installation.bridge(*DIAL, "--command-id", "order 9")
    assert (run.exit_code, run.stdout) == (1, "")
    *_, sentence = run.stderr.splitlines()
    assert sentence == (
        "bridge: Kafka did not acknowledge the command, so nobody knows whether it will be executed: send it again "
        "with --command-id 'order 9', and it is executed once at most"
    )


@pytest.mark.asyncio
async def test_a_command_that_kafka_refuses_is_not_stored(installation: Installation) -> None:
    """The refusal is named."""
    await installation.create(installation.commands, settings={"max.message.bytes": "100"})
    run = await installation.bridge(*DIAL)
    refusal = "Kafka refused the command (MessageSizeTooLargeError)"
    sentence = f"bridge: {refusal}: see that we may write to {installation.commands}\n"
    assert (run.exit_code, run.stdout, run.stderr) == (1, "", sentence)
