"""`bridge hooks …` and what `bridge check` says of connections: over a real Kafka, with a real owner behind it."""

import json
import re
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import pytest_asyncio
import structlog
from typer.testing import CliRunner
from typing_extensions import override

from bridge.calls.quota import Quota
from bridge.calls.vendor import ConnectionVendor
from bridge.cli.hook_table import done_lines, list_lines, plan_lines
from bridge.cli.main import app
from bridge.events.records import Record
from bridge.events.topics import admin_results_topic, admin_topic
from bridge.kafka.client_options import ClientOptions
from bridge.kafka.local import LocalKafka
from bridge.kafka.single_publish import publish_once
from bridge.ops.metrics import Metrics
from bridge.pbx.client import Account, VendorClient
from bridge.registration.admin_desk import admin_requests
from bridge.registration.admin_messages import AdminAnswer
from bridge.registration.hook_state import HookLine, HookState, ObstacleLine, StepLine
from bridge.registration.plan import Obstacle, Standing
from bridge.simulator import AccountOptions, Simulator, SimulatorOptions
from bridge.simulator.operations import OPERATION_IDS
from tests.cli.installations import Installation
from tests.registration.scene import EVENTS, Scene
from tests.registration.test_simulator import until

KEY = "a key of the simulator"
ACME = ("--connection", "acme")
pytestmark = pytest.mark.asyncio


class Worker(Scene):
    """An owner that answers into the real topic."""

    bootstrap = ""

    @override
    async def publish(self, record: Record) -> None:
        await publish_once(ClientOptions(self.bootstrap), record, 10)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def installation(kafka: LocalKafka, tmp_path_factory: pytest.TempPathFactory) -> Installation:
    made = Installation(kafka.bootstrap, tmp_path_factory.mktemp("hooks"))
    await made.create(admin_topic(made.prefix), admin_results_topic(made.prefix))
    return made


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def vendor() -> AsyncIterator[Simulator]:
    simulator = Simulator(SimulatorOptions(keys={KEY: AccountOptions(max_hooks=5)}))
    await simulator.start()
    yield simulator
    await simulator.stop()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def worker(installation: Installation, vendor: Simulator) -> AsyncIterator[Worker]:
    """Give the owner of `acme`, which wants six webhooks where the vendor allows five."""
    async with AsyncExitStack() as stack:
        # A command line in this process would take the owner's log for its own output.
        before = structlog.get_config()
        structlog.configure(logger_factory=structlog.ReturnLoggerFactory())
        stack.callback(structlog.configure, **before)
        client = await stack.enter_async_context(VendorClient())
        port = ConnectionVendor(client, {"acme": Account(vendor.base_url, KEY.encode)}, Metrics())
        requests = admin_requests(lambda: ClientOptions(installation.bootstrap), installation.prefix)
        made = Worker(
            time.monotonic, port, EVENTS[:6], requests=requests, prefix=installation.prefix, quota=Quota(calls=1_000)
        )
        made.bootstrap = installation.bootstrap
        await made.start()
        stack.push_async_callback(made.stop)
        await until(lambda: made.gauge("bridge_hooks_stopped") == 1)
        yield made


async def test_the_life_of_registrations_from_the_command_line(
    installation: Installation, worker: Worker, vendor: Simulator
) -> None:
    """The list shows the refusal; room is made, apply goes on; one is adopted, one removed; the plan is empty then."""
    hooks = vendor.accounts[KEY].hooks
    listed = await installation.bridge("hooks", "list")
    assert listed.exit_code == 0, listed.output
    lines = listed.stdout.splitlines()
    assert re.split(r"  +", lines[0]) == ["hook", "id", "state", "since", "last event"]
    assert [line.split()[0] for line in lines[1:6]] == [f"{event}.1" for event in EVENTS[:5]]
    assert lines[6] == f"missing: {EVENTS[5]}"
    assert "Either the account has its 20 webhooks" in lines[7]

    failed = await installation.bridge("hooks", "apply", *ACME)
    assert failed.exit_code == 1
    assert "bridge: The vendor does not register LostCallerAdded.1: forbidden (HTTP 403)" in failed.stderr
    adopted = await installation.bridge("hooks", "adopt", "77", EVENTS[5], *ACME)
    assert (adopted.exit_code, adopted.stdout) == (0, f"77 is {EVENTS[5]}.0 now.\n"), adopted.output
    planned = await installation.bridge("hooks", "plan", *ACME)
    assert planned.stdout.splitlines()[0] == "nothing is to be done"

    hooks.remove(hooks.registered[0].hook_id)
    removed = await installation.bridge("hooks", "remove", f"{EVENTS[5]}", *ACME)
    assert (removed.exit_code, removed.stdout) == (0, f"removed {EVENTS[5]}.0, id 77\n"), removed.output
    await until(lambda: {hook.event for hook in hooks.registered} == set(EVENTS[1:6]))
    applied = await installation.bridge("hooks", "apply", "--json", *ACME)
    answer = json.loads(applied.stdout)
    assert (applied.exit_code, answer["status"], answer["done"]) == (0, "ok", [])
    state = json.loads((await installation.bridge("hooks", "list", "--json", *ACME)).stdout)
    assert [line["standing"] for line in state["hooks"]] == ["active"] * 6
    assert not state["stopped"]


async def test_check_tells_of_each_connection(installation: Installation, worker: Worker, vendor: Simulator) -> None:
    """The key is accepted; a method that a poller needs is wrong to lack, one for commands alone is not."""
    config = installation.config.read_text()
    secret = config.replace("acme:", "acme:\n    webhook_secret: the webhook secret of acme")
    installation.config.write_text(secret)
    try:
        vendor.accounts[KEY].operations = OPERATION_IDS - {"GetGroupByID"}
        run = await installation.bridge("check")
        (line,) = [line for line in run.stdout.splitlines() if "connection acme: " in line]
        assert line.startswith(
            "ok     connection acme: the vendor accepts the API key, which lacks GET /groups/{id}; not"
        )
        vendor.accounts[KEY].operations = OPERATION_IDS - {"GetGroups"}
        run = await installation.bridge("check")
        (line,) = [line for line in run.stdout.splitlines() if "connection acme: " in line]
        assert line.startswith(
            "WRONG  connection acme: the vendor accepts the API key, which lacks GET /trigger/groups"
        )
        assert run.exit_code == 1
    finally:
        installation.config.write_text(config)


async def test_nobody_answers_for_what_no_worker_has(installation: Installation, worker: Worker) -> None:
    """One sentence that says what to look at, exit 1."""
    run = await installation.bridge("hooks", "list", "--connection", "acne", "--wait", "300ms")
    assert (run.exit_code, run.stdout) == (1, "")
    assert run.stderr.splitlines()[-1] == (
        "bridge: no worker answered for acne (this configuration has acme) within 300ms: see that one runs with this "
        "connection; while shards move between workers, ask again"
    )


async def test_an_uninstaller_removes_all_of_every_connection(
    installation: Installation, worker: Worker, vendor: Simulator
) -> None:
    """None comes back for a while; what nobody answers for is told, and with --best-effort it is no failure."""
    config = installation.config.read_text()
    two = config.replace("acme:", "other: {base_url: 'https://pbx.example.com'}\n  acme:")
    installation.config.write_text(two)
    try:
        order = ("hooks", "remove", "--all", "--every-connection", "--pause", "10m", "--wait", "3s")
        left = await installation.bridge(*order)
        assert left.exit_code == 1, left.output
        # Five that the vendor has, and one that somebody has removed there behind our back.
        assert [line.split()[:2] for line in left.stdout.splitlines()[:-1]] == [["acme:", "removed"]] * 6
        assert left.stdout.splitlines()[-1].startswith("acme: The worker does nothing by itself: all were removed on")
        assert left.stderr.splitlines()[-1] == "bridge: other: no worker answered within 3s"
        assert vendor.accounts[KEY].hooks.registered == []
        again = await installation.bridge(*order[:-1], "1s", "--best-effort", "--json")
        assert again.exit_code == 0, again.output
        told = json.loads(again.stdout)
        assert (told["acme"]["status"], told["acme"]["done"], told["other"]) == ("ok", [], None)
        assert vendor.accounts[KEY].hooks.registered == []
    finally:
        installation.config.write_text(config)


async def test_topics_that_are_missing_are_named(kafka: LocalKafka, tmp_path: Path) -> None:
    """And not made by asking."""
    nothing = Installation(kafka.bootstrap, tmp_path)
    run = await nothing.bridge("hooks", "list")
    sentence = (
        f"bridge: {admin_results_topic(nothing.prefix)} does not exist, or we may not see it: "
        "bridge topics apply creates topics, bridge topics rights lists the rights that each role needs\n"
    )
    assert (run.exit_code, run.stderr) == (1, sentence)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("remove",), "name the hooks to remove, as bridge hooks list shows them, or give --all"),
        (
            ("remove", "CallStarted.1", "--all"),
            "name the hooks to remove, as bridge hooks list shows them, or give --all",
        ),
        (("remove", "CallStarted.1", "--pause", "1m"), "--pause and --every-connection go with --all alone"),
        (("remove", "CallStarted.1", "--every-connection"), "--pause and --every-connection go with --all alone"),
        (("remove", "--all", "--every-connection", *ACME), "give --connection or --every-connection, not both"),
        (("remove", "--all", "--pause", "2h", "--best-effort"), "--pause is 1h at most"),
        (("adopt", "7", "CallBurned"), "CallBurned is no webhook; there are: CallStarted, "),
    ],
)
async def test_wrong_use_is_one_sentence(installation: Installation, arguments: tuple[str, ...], sentence: str) -> None:
    """Exit 2, before anything is asked."""
    run = await installation.bridge("hooks", *arguments)
    assert run.exit_code == 2
    assert run.stderr.startswith(f"bridge: {sentence}")


@pytest.mark.parametrize("command", ["list", "plan", "apply", "adopt", "remove", "url"])
async def test_each_helps_with_an_example(command: str) -> None:
    """`--help` shows how to call it."""
    run = CliRunner().invoke(app, ["hooks", command, "--help"], prog_name="bridge")
    assert f"Example: bridge hooks {command} " in " ".join(run.output.split())


EIGHT, NINE = "2018-01-16T08:00:00.000Z", "2018-01-16T09:00:00.000Z"
STATE = HookState(
    hooks=(
        HookLine(hook="CallStarted.2", standing=Standing.ACTIVE, id=7, since=EIGHT, last_delivery=NINE),
        HookLine(hook="CallCompleted.1", standing=Standing.OUTDATED, id=None, since=EIGHT, last_delivery=None),
    ),
    missing=("CallRecorded",),
    steps=(StepLine(do="remove", hook="CallStarted.1", id=5), StepLine(do="register", hook="CallRecorded.1")),
    obstacles=(ObstacleLine(event="CallCompleted", obstacle=Obstacle.UNKNOWN, sentence="look at \x1b the panel"),),
)


async def test_a_state_is_told_in_words() -> None:
    """The table, the plan, and what was done; nothing of a worker's text moves the cursor."""
    outdated = "outdated: has a URL of another secret or origin"
    assert [re.split(r"  +", line) for line in list_lines(STATE)] == [
        ["hook", "id", "state", "since", "last event"],
        ["CallStarted.2", "7", "active", "2018-01-16 08:00:00", "2018-01-16 09:00:00"],
        ["CallCompleted.1", "unknown", outdated, "2018-01-16 08:00:00", "-"],
        ["missing: CallRecorded"],
        [r"CallCompleted: look at \u001b the panel"],
    ]
    assert plan_lines(STATE)[:2] == ["would remove CallStarted.1, id 5", "would register CallRecorded.1"]
    answer = AdminAnswer(status="failed", sentence="No.", hooks=STATE, done=STATE.steps)
    assert done_lines(answer) == ["removed CallStarted.1, id 5", "registered CallRecorded.1"]
