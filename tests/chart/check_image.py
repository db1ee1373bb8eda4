"""The image is really built and run: read-only, without capabilities, as any user, with the chart's own configuration.

Part of `make chart`. Takes root, docker.io and debootstrap; CHART_WITHOUT_IMAGE=1 leaves it out, and says so.
"""

import asyncio
import stat
import uuid
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from tarfile import TarInfo
from typing import Final

import aiohttp
import pytest

from bridge.kafka.local import LocalKafka
from tests.bench.bodies import bodies
from tests.chart.image_build import BASE, ROOT, Image, all_wheels, build, build_from_files, import_base, import_wheels
from tests.chart.image_container import Container, running
from tests.chart.image_engine import Engine, EngineError, NoEngine, private_engine
from tests.chart.image_installation import API_KEY, LOOPBACK, Installation
from tests.chart.image_mirror import mirror
from tests.chart.image_pod import STRICTEST
from tests.chart.image_root import NoRoot
from tests.chart.image_switch import image_is_left_out
from tests.chart.image_wheels import WIDEST, NoWheels

pytestmark = pytest.mark.skipif(
    image_is_left_out(), reason="CHART_WITHOUT_IMAGE=1: the image was NOT built and NOT run"
)

USERS: Final = ("10001:0", "1000650000:0")
# The image's own, and one as OpenShift draws them: in group 0, without an entry in /etc/passwd.
OWN_SIZE: Final = 90_000_000
# Bytes above the base's. 75 MB were measured, 14 of them uvloop: a package that nobody meant to ship is larger than
# what is left.
SENDERS: Final = 8
WARM_UP: Final = 200
# Answers before SIGTERM, so that it falls into load and not into a start.
PYTHON: Final = ("--entrypoint", "/opt/bridge/bin/python")


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    try:
        with private_engine() as own:
            yield own
    except NoEngine as error:
        raise pytest.fail.Exception(str(error), pytrace=False) from None


@pytest.fixture(scope="module")
def python(engine: Engine) -> str:
    """Import base and wheels, and tell which Python is in the base."""
    try:
        found = import_base(engine)
        import_wheels(engine, found)
    except (NoRoot, NoWheels) as error:
        raise pytest.fail.Exception(str(error), pytrace=False) from None
    return found


@pytest.fixture(scope="module")
def image(engine: Engine, python: str) -> Image:
    """Build the image from files alone: the builder has no network."""
    return build_from_files(engine, "runtime.txt")


@pytest.fixture(scope="module")
def files(image: Image) -> list[TarInfo]:
    """List everything in the image."""
    return image.files()


@pytest.fixture(scope="module", params=USERS, ids=["own-user", "drawn-user"])
def started(
    request: pytest.FixtureRequest, image: Image, kafka: LocalKafka, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Installation, Container, Container]]:
    """Let the rendered Job make the topics, then start the ingress and the worker, and a vendor for them."""
    folder = tmp_path_factory.mktemp("installation")
    installation = Installation.at(kafka.bootstrap, f"image-{uuid.uuid4().hex[:8]}", folder)
    user = ["--user", str(request.param)]
    options, command = installation.arguments("topics")
    image.engine("run", "--rm", *options, *user, image.name, *command)
    vendor = ("simulator", "--host", LOOPBACK, "--port", str(installation.vendor), "--key", API_KEY)
    with running(image.engine, [*STRICTEST, *user], image.name, *vendor):
        options, command = installation.arguments("ingress")
        with running(image.engine, [*options, *user], image.name, *command) as ingress:
            options, command = installation.arguments("worker")
            with running(image.engine, [*options, *user], image.name, *command) as worker:
                yield installation, ingress, worker


def test_its_own_user_is_not_root(image: Image) -> None:
    """The user is a number, so that Kubernetes can see that it is not root, and its group is 0."""
    assert image.engine("image", "inspect", "--format", "{{.Config.User}}", image.name).strip() == USERS[0]


@pytest.mark.parametrize("user", USERS)
def test_command_line_runs_as_any_user(image: Image, user: str) -> None:
    """`bridge` runs with nothing mounted, nothing to write to and no entry for its user anywhere."""
    alone = ("run", "--rm", *STRICTEST, "--user", user, image.name)
    assert image.engine(*alone, "--version").strip() == version("mobili-stotele-bridge")
    assert "Usage: bridge" in image.engine(*alone, "--help")


def test_ingress_and_worker_become_ready(started: tuple[Installation, Container, Container]) -> None:
    """What the chart renders becomes ready at the rendered probes."""
    installation, ingress, worker = started
    ingress.ready(installation.probe("ingress", "readiness"))
    worker.ready(installation.probe("worker", "readiness"))
    ingress.ready(installation.probe("ingress", "liveness"))
    worker.ready(installation.probe("worker", "liveness"))


def test_health_command_tells_life_from_death(image: Image, started: tuple[Installation, Container, Container]) -> None:
    """The image's HEALTHCHECK exits 0 beside a running bridge, and 1 where nothing listens."""
    asked = image.engine(
        "image", "inspect", "--format", "{{range .Config.Healthcheck.Test}}{{println .}}{{end}}", image.name
    )
    kind, program, *arguments = asked.split()
    assert kind == "CMD"
    installation, ingress, _ = started
    ingress.ready(installation.probe("ingress", "liveness"))
    ingress.call(program, *arguments)
    with pytest.raises(EngineError, match="ended with 1"):
        image.engine("run", "--rm", *STRICTEST, "--entrypoint", program, image.name, *arguments)


@pytest.mark.asyncio
async def test_webhooks_are_durable_until_it_stops(started: tuple[Installation, Container, Container]) -> None:
    """Under load each answer is 202 or, once it stops, 503; SIGTERM reaches PID 1, and the end is clean and in time."""
    installation, ingress, worker = started
    await asyncio.to_thread(ingress.ready, installation.probe("ingress", "readiness"))
    await asyncio.to_thread(worker.ready, installation.probe("worker", "readiness"))
    url = (await asyncio.to_thread(ingress.call, "bridge", "hooks", "url", "acme", "CallStarted")).strip()
    path = url.removeprefix("https://hooks.example.com")
    assert path.startswith("/hooks/acme/"), url

    answers: list[int] = []
    warm = asyncio.Event()

    async def send(own: list[tuple[str, bytes]], client: aiohttp.ClientSession) -> None:
        for _, body in own:
            try:
                async with client.post(f"http://{LOOPBACK}:{installation.hooks}{path}", data=body) as answer:
                    answers.append(answer.status)
            except aiohttp.ClientConnectionError:
                return
            if len(answers) >= WARM_UP:
                warm.set()

    sent = bodies(1, ["CallStarted"])
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as client, asyncio.TaskGroup() as group:
        for number in range(SENDERS):
            group.create_task(send(sent[number::SENDERS], client))
        await asyncio.wait_for(warm.wait(), 30)
        stopped = await asyncio.to_thread(ingress.stop)
    assert stopped.exit_code == 0, ingress.last_words()
    assert stopped.seconds < installation.seconds_to_stop("ingress")
    assert answers.count(202) >= WARM_UP
    assert set(answers) <= {202, 503}
    stopped = await asyncio.to_thread(worker.stop)
    assert stopped.exit_code == 0, worker.last_words()
    assert stopped.seconds < installation.seconds_to_stop("worker")


def test_nothing_may_be_written_but_tmp(files: list[TarInfo]) -> None:
    """All belongs to root, nobody else may write but to /tmp, and no file runs as somebody else."""
    engines_own = ("dev", "proc", "sys", "etc/hostname", "etc/hosts", "etc/resolv.conf", ".dockerenv")
    ours = [file for file in files if not file.issym() and not file.name.startswith(engines_own)]
    assert [file.name for file in ours if file.mode & (stat.S_IWGRP | stat.S_IWOTH)] == ["tmp"]
    assert [file.name for file in ours if file.isfile() and file.mode & (stat.S_ISUID | stat.S_ISGID)] == []
    assert [file.name for file in ours if file.uid != 0] == []


def test_it_has_no_installer_and_no_compiler(files: list[TarInfo]) -> None:
    """What could bring or make another program is absent: pip, uv, ensurepip, cc."""
    places = {f"/{file.name}" for file in files}
    names = {"cc", "c99", "g++", "gcc", "go", "ld", "make", "pip", "pip3", "rustc", "uv", "uvx"}
    assert [place for place in places if Path(place).name in names and not place.startswith("/usr/share/")] == []
    modules = ("/ensurepip", "/pip", "/setuptools", "/python-wheels", "/wheel")
    assert [place for place in places if place.endswith(modules)] == []
    assert "/opt/bridge/bin/bridge" in places, "the archive was read"


def test_size_is_within_its_budget(image: Image) -> None:
    """The bridge and its dependencies stay small; the base is not ours."""
    assert OWN_SIZE / 2 < image.size() < OWN_SIZE


def test_modules_are_compiled(image: Image, files: list[TarInfo]) -> None:
    """Each module has its bytecode, which nobody can add to a read-only root; Python does not look at its source."""
    names = [file.name for file in files]
    ours = [name for name in names if name.startswith("opt/bridge/lib/") and name.endswith(".py")]
    compiled = {name.replace("/__pycache__/", "/").partition(".cpython")[0] for name in names if name.endswith(".pyc")}
    assert len(ours) > 1000
    assert [name for name in ours if name.removesuffix(".py") not in compiled] == []
    bytecode = "pathlib.Path(importlib.util.cache_from_source(importlib.util.find_spec('bridge').origin))"
    flags = f"import importlib.util, pathlib; print({bytecode}.read_bytes()[4])"
    # PEP 552: bit 0 says that a hash stands in for the time stamp, bit 1 that the source is compared with it.
    assert image.engine("run", "--rm", *STRICTEST, *PYTHON, image.name, "-c", flags).strip() == "1"


def test_mirror_with_a_password_gives_the_same_files_and_leaves_no_trace(
    engine: Engine, files: list[TarInfo], python: str, tmp_path: Path
) -> None:
    """A pip.conf given as a secret is used, is nowhere in the image, and what is built equals the build from files."""
    password, revision = uuid.uuid4().hex, uuid.uuid4().hex
    folder = tmp_path / "wheels"
    folder.mkdir()
    for name, wheel in all_wheels(python).items():
        (folder / name).symlink_to(wheel)
    conf = tmp_path / "pip.conf"
    with mirror(folder, password) as text:
        conf.write_text(text)
        mirrored = build(
            engine,
            "bridge-test-mirrored",
            *("--network", "host", "--secret", f"id=pip.conf,src={conf}", "--build-arg", f"REVISION={revision}"),
        )
    assert mirrored.contains(revision), "what is in the configuration is found"
    assert mirrored.contains("The image's own HEALTHCHECK"), "what is in a layer is found"
    assert not mirrored.contains(password)
    one, other = (
        {file.name: (file.mode, file.size) for file in found if _is_dependency(file.name)}
        for found in (files, mirrored.files())
    )
    assert len(one) > 1000
    assert one == other


def test_other_lock_file_can_be_chosen(engine: Engine, python: str) -> None:
    """REQUIREMENTS chooses the lock file: with the one for AWS MSK, the signer of its tokens is in the image."""
    chosen = build_from_files(engine, WIDEST, "--target", "dependencies")
    engine("run", "--rm", *STRICTEST, *PYTHON, chosen.name, "-c", "import aws_msk_iam_sasl_signer")


def test_context_has_nothing_but_the_sources(engine: Engine, tmp_path: Path) -> None:
    """The builder is given what .dockerignore allows, and neither bytecode nor anything else of a working copy."""
    everything = tmp_path / "Dockerfile"
    everything.write_text("FROM scratch\nCOPY . /\n")
    out = tmp_path / "context"
    engine("build", "--file", str(everything), "--output", f"type=local,dest={out}", str(ROOT))
    given = {str(file.relative_to(out)) for file in out.rglob("*") if file.is_file()}
    outside = {name for name in given if not name.startswith(("bridge/", "deploy/image/", "requirements/"))}
    assert outside == {"LICENSE", "README.md", "pyproject.toml", "deploy/kafka/pom.xml"}
    assert {Path(name).suffix for name in given if name.startswith("bridge/")} <= {".py", ".html", ".typed", ""}


def test_base_without_time_zones_is_refused(engine: Engine, python: str) -> None:
    """A base that lacks what a running bridge needs ends the build with a sentence that names the package."""
    command = "rm -r /usr/share/zoneinfo; exec python3 -I /image/harden_base.py"
    volume = f"{ROOT / 'deploy' / 'image'}:/image:ro"
    with pytest.raises(EngineError, match="The base image lacks tzdata"):
        engine("run", "--rm", "--network", "none", "--volume", volume, BASE, "sh", "-c", command)


def _is_dependency(name: str) -> bool:
    """Tell a dependency's file from one of the checkout, which somebody may be editing between two builds."""
    return name.startswith("opt/bridge/") and "/site-packages/bridge/" not in name and "/mobili_stotele_" not in name
