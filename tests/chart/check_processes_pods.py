"""The miniature of Kubernetes by itself: what it is built to see, it sees."""

import copy
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.chart.pod_plan import Body, Cluster, PodRefused, pod_plan, volume_files
from tests.chart.pod_probes import Threshold
from tests.chart.pod_process import code_folders
from tests.chart.pods import Node
from tests.chart.rendering import render

SECRETS = {"bridge-acme": {"api-key": "a key of the vendor", "webhook-secret": "a secret of the hooks"}}
CLUSTER = Cluster({"bridge": {"bridge.yaml": "connections: {}"}}, SECRETS, {"bridge": [80]})
LOOK_AROUND = """
import json, os, pathlib

def writable(path):
    try:
        pathlib.Path(path).write_text("")
    except OSError:
        return False
    return True

secrets = pathlib.Path("/run/secrets/bridge")
print(json.dumps({
    "root": sorted(os.listdir("/")),
    "writable": [path for path in ("/x", "/etc/bridge/x", "/run/secrets/bridge/x", "/tmp/x") if writable(path)],
    "files": {str(file): file.read_text() for file in (secrets / "acme").iterdir()},
    "mode": oct((secrets / "acme/webhook-secret").stat().st_mode & 0o777),
    "links": sorted(str(link) for link in secrets.iterdir() if link.is_symlink()),
    "environment": sorted(os.environ),
    "tmp": os.listdir("/tmp"),
}))
"""
ROTATED = """
import pathlib, time
while pathlib.Path("/run/secrets/bridge/acme/webhook-secret").read_text() != "another secret":
    time.sleep(0.02)
"""
DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)"

Change = Callable[[Body], None]


def ingress_pod(change: Change = lambda spec: None) -> Body:
    """Give the rendered pod of the ingress, with a change of its spec."""
    pod = copy.deepcopy(render("minimal").one("Deployment", "ingress").pod)
    assert pod is not None
    change(pod["spec"])
    return pod


def running(script: str, **spec: object) -> Body:
    """Give that pod with a script as its command, and without probes."""

    def change(rendered: Body) -> None:
        [container] = rendered["containers"]
        container |= {"command": ["python", "-c", script], "args": []}
        for key in ("startupProbe", "readinessProbe", "livenessProbe", "lifecycle"):
            container.pop(key, None)
        rendered.update(spec)

    return ingress_pod(change)


@pytest_asyncio.fixture(loop_scope="session")
async def node(tmp_path: Path) -> AsyncIterator[Node]:
    """Give a node from which nothing can be reached."""
    async with Node(tmp_path, CLUSTER, reach=[]) as made:
        yield made


@pytest.mark.asyncio
async def test_a_pod_sees_what_it_mounts_and_no_more(node: Node) -> None:
    """Its root is read-only and its own; its files are the Secret's, by links, for its group alone."""
    pod = await node.start("curious", running(LOOK_AROUND))
    assert await pod.ends() == 0, pod.container.said()
    seen: dict[str, Any] = json.loads(pod.container.said().splitlines()[0])
    assert seen["writable"] == ["/tmp/x"]
    assert seen["files"] == {"/run/secrets/bridge/acme/webhook-secret": "a secret of the hooks"}
    assert (seen["mode"], seen["links"]) == ("0o440", ["/run/secrets/bridge/..data", "/run/secrets/bridge/acme"])
    assert not {"root", "home", "var", "opt"} & set(seen["root"]) - {folder.parts[1] for folder in code_folders()}
    # A checkout may lie below /tmp.
    assert set(seen["tmp"]) - {folder.parts[2] for folder in code_folders()} == {"x"}
    expected = {"BRIDGE_CONFIG", "HOME", "HOSTNAME", "KUBERNETES_SERVICE_HOST", "KUBERNETES_SERVICE_PORT", "PATH"}
    assert set(seen["environment"]) - {"LC_CTYPE"} == expected


@pytest.mark.asyncio
async def test_a_rotated_secret_reaches_a_running_pod(node: Node) -> None:
    """A changed Secret is there under the same path, in the same process."""
    pod = await node.start("patient", running(ROTATED))
    node.change(Cluster(CLUSTER.config_maps, {"bridge-acme": {"webhook-secret": "another secret"}}, {}))
    assert await pod.ends() == 0, pod.container.said()


@pytest.mark.asyncio
async def test_who_outlives_his_grace_is_killed_and_that_is_a_fault(node: Node) -> None:
    """SIGKILL comes at the end of the grace period."""
    pod = await node.start("deaf", running(DEAF, terminationGracePeriodSeconds=1))
    await pod.says("deaf")
    await pod.delete()
    assert pod.exit_code != 0
    assert "had to be killed after its 1 s" in node.faults[0]


@pytest.mark.asyncio
async def test_a_service_named_bridge_would_stop_the_bridge(node: Node) -> None:
    """With service links, which the chart switches off, the bridge ends with 2 for a variable that is no key of its."""
    pod = await node.start("linked", ingress_pod(lambda spec: spec.update(enableServiceLinks=True)))
    assert await pod.ends() == 2
    assert "BRIDGE_PORT" in pod.container.said()


def test_a_pod_without_its_secret_is_refused() -> None:
    """A Secret, or a key of it, that is not there keeps a pod from starting, unless it is optional."""
    pod = ingress_pod()
    assert "acme/webhook-secret-previous" not in volume_files(pod, CLUSTER)["connections"]
    with pytest.raises(PodRefused, match="no key webhook-secret"):
        volume_files(pod, Cluster(CLUSTER.config_maps, {"bridge-acme": {}}, {}))
    with pytest.raises(PodRefused, match="no secret bridge-acme"):
        volume_files(pod, Cluster(CLUSTER.config_maps, {}, {}))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda spec: spec.update(hostNetwork=True), "hostNetwork"),
        (lambda spec: spec["containers"][0].update(tty=True), "tty"),
        (lambda spec: spec["containers"][0]["livenessProbe"].update(exec={}), "exec"),
        (lambda spec: spec["securityContext"].update(runAsUser=0), "would be root"),
    ],
    ids=["pod", "container", "probe", "root"],
)
def test_what_the_miniature_does_not_know_is_refused(change: Change, sentence: str) -> None:
    """Nothing that a pod asks for is left out without a word."""
    with pytest.raises(PodRefused, match=sentence):
        pod_plan(ingress_pod(change), CLUSTER)


@pytest.mark.parametrize(
    ("answers", "verdicts"),
    [
        ([False, False, False], [None, None, False]),
        ([False, False, True, False, False, False], [None, None, None, None, None, False]),
        ([True, False, True, True], [None, None, None, True]),
    ],
    ids=["failures", "a success between", "successes"],
)
def test_only_answers_in_a_row_make_a_verdict(answers: list[bool], verdicts: list[bool | None]) -> None:
    """Three failures or two successes without a break are certain."""
    threshold = Threshold(successes=2, failures=3)
    assert [threshold.verdict(answer) for answer in answers] == verdicts
