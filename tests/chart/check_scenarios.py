"""Each scenario of the chart and each example: linted, rendered for three versions of Kubernetes, validated."""

import json
import re
import shutil
import subprocess
import tarfile
from pathlib import Path
from typing import Final, NamedTuple

import pytest

from tests.chart.check_names import ours
from tests.chart.cluster_schemas import KUBE_VERSIONS, complaints
from tests.chart.rendering import (
    CHART,
    RELEASE,
    ROOT,
    SCENARIOS,
    TIME_LIMIT,
    HelmError,
    helm,
    objects_in,
    render,
    scenarios,
)
from tests.chart.templates import actions, template_files

NEEDED: Final = {
    "default",
    "production",
    "strimzi-mtls",
    "strimzi-scram",
    "confluent-cloud",
    "msk-scram",
    "msk-iam",
    "openshift",
    "minimal",
}
"""What the chart says it is for."""
EVERYTHING: Final = "production"
"""The scenario in which everything is on: policy forgives it least."""


class Skip(NamedTuple):
    """A check of policy that we do not follow, for which `scenario/kind.namespace.name`, and why not."""

    check: str
    where: str
    reason: str


SKIPS: Final = (
    Skip("CKV_K8S_11", ".*", "A CPU limit throttles: a worker misses heartbeats and loses its shards."),
    Skip("CKV_K8S_15", ".*", "A tag pulled anew at each start ties the start of a pod to the registry's health."),
    Skip("CKV_K8S_35", ".*", "A user's name alone comes by variable, where the Secret has it; no other secret does."),
    Skip("CKV_K8S_43", f"(?!{EVERYTHING}/).*", "The digest is the user's to give: each has a registry of his own."),
    Skip("CKV_K8S_40", "openshift/.*", "OpenShift gives out the user id, a high one, and refuses any other."),
    Skip("CKV_K8S_8", r".*/Pod\..*-test|try/.*", "`helm test` runs to an end; a simulated vendor is for trying out."),
    Skip("CKV_K8S_9", r".*/Pod\..*-test|try/.*", "`helm test` serves nobody; a simulated vendor is for trying out."),
)


def test_each_scenario_that_the_chart_is_for_has_a_file() -> None:
    """The chart's ci/ holds what it promises to be tested with."""
    assert set(SCENARIOS) >= NEEDED


def test_each_example_for_users_is_a_scenario() -> None:
    """What deploy/values shows is linted, rendered and validated as the rest is."""
    examples = set((ROOT / "deploy" / "values").iterdir())
    assert examples
    assert examples <= {path.resolve() for path in scenarios().values()}


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_helm_lints_each_scenario_strictly(scenario: str) -> None:
    """`helm lint --strict` has no warning, in the oldest Kubernetes and the newest."""
    for version in (KUBE_VERSIONS[0], KUBE_VERSIONS[-1]):
        path = str(scenarios()[scenario])
        helm("lint", "--strict", "--kube-version", f"{version}.0", "--values", path, str(CHART))


@pytest.mark.parametrize("kube_version", KUBE_VERSIONS)
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_the_api_server_takes_each_object_of_each_scenario(scenario: str, kube_version: str) -> None:
    """Every rendered object is valid by the strict schemas of three minor versions, operators' kinds included."""
    objects = list(ours(render(scenario, kube_version=kube_version)))
    assert objects
    assert not [sentence for item in objects for sentence in complaints(item, kube_version)]


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_no_rendered_field_is_null(scenario: str) -> None:
    """A field is there with a value or not at all: null means something else to each who reads it."""

    def nulls(value: object, path: str) -> list[str]:
        match value:
            case None:
                return [path]
            case dict():
                return [found for key, inner in value.items() for found in nulls(inner, f"{path}.{key}")]
            case list():
                return [found for number, inner in enumerate(value) for found in nulls(inner, f"{path}[{number}]")]
            case _:
                return []

    assert not [found for item in render(scenario) for found in nulls(item.body, item.key)]


def test_an_older_kubernetes_is_refused() -> None:
    """1.29 has no native preStop sleep, and helm says so instead of an API server."""
    with pytest.raises(HelmError, match="incompatible with Kubernetes"):
        render("minimal", kube_version="1.29")


def test_rendering_twice_gives_the_same_bytes() -> None:
    """Nothing is random and nothing is looked up in the cluster: GitOps renders without one, again and again."""
    arguments = ("template", RELEASE, str(CHART), "--values", str(scenarios()[EVERYTHING]))
    assert helm(*arguments) == helm(*arguments)
    calls = r"(?<![$.\w])(lookup|rand\w+|uuidv4|gen[A-Z]\w+|now|bcrypt|htpasswd|derivePassword|getHostByName)\b"
    assert not [action for action in actions() if re.search(calls, action.without_strings)]


def test_nothing_depends_on_what_the_cluster_can_do() -> None:
    """`.Capabilities` are those of nobody where GitOps renders: what is asked for by values is rendered."""
    assert not [action for action in actions() if "Capabilities" in action.code]


def test_yaml_is_written_as_yamllint_wants_it() -> None:
    """Values, scenarios, examples and the chart's own data pass yamllint."""
    yamllint = shutil.which("yamllint")
    assert yamllint
    files = [
        CHART / "values.yaml",
        CHART / "Chart.yaml",
        *scenarios().values(),
        *sorted((CHART / "files").glob("*.yaml")),
    ]
    configuration = ["--strict", "-c", str(Path(__file__).with_name("yamllint.yaml"))]
    done = subprocess.run([yamllint, *configuration, *map(str, files)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_policy_finds_nothing_unexplained(tmp_path: Path) -> None:
    """Checkov passes all its checks of Kubernetes on all scenarios but those that are skipped with a reason."""
    for scenario in SCENARIOS:
        (tmp_path / f"{scenario}.yaml").write_text(render(scenario).text)
    checkov = shutil.which("checkov")
    assert checkov
    options = ["--framework", "kubernetes", "--output", "json", "--skip-download", "--quiet", "--directory"]
    done = subprocess.run(
        [checkov, *options, str(tmp_path)], capture_output=True, text=True, check=False, timeout=2 * TIME_LIMIT
    )
    report = json.loads(done.stdout)
    # checkov exits with 0 when it has looked at nothing.
    assert report["summary"]["passed"] > 100 * len(SCENARIOS), report["summary"]
    assert report["summary"]["parsing_errors"] == 0
    skipped = set()
    unexplained = []
    for finding in report["results"]["failed_checks"]:
        where = f"{Path(finding['file_path']).stem}/{finding['resource']}"
        reasons = {skip for skip in SKIPS if skip.check == finding["check_id"] and re.fullmatch(skip.where, where)}
        skipped |= reasons
        if not reasons:
            unexplained.append((finding["check_id"], finding["check_name"], where))
    assert not unexplained
    assert skipped == set(SKIPS), "a skip has become needless"


def test_the_package_holds_what_runs_and_no_scenario(tmp_path: Path) -> None:
    """`helm package` leaves out ci/, and what it packs lints and renders the same objects."""
    helm("package", str(CHART), "--destination", str(tmp_path))
    (archive,) = tmp_path.glob("*.tgz")
    with tarfile.open(archive) as packed:
        names = packed.getnames()
        packed.extractall(tmp_path, filter="data")
    assert not [name for name in names if "/ci/" in name or name.endswith((".orig", ".tmp"))]
    for needed in ("Chart.yaml", "values.yaml", "values.schema.json", "README.md", "files/topics.yaml"):
        assert f"bridge/{needed}" in names
    scenario = str(scenarios()[EVERYTHING])
    helm("lint", "--strict", "--values", scenario, str(tmp_path / "bridge"))
    assert render(EVERYTHING, chart=tmp_path / "bridge").text == render(EVERYTHING).text


def test_no_file_of_the_chart_is_dead() -> None:
    """Each object that some template can make is made by some scenario."""
    made = {
        line.removeprefix("# Source: bridge/")
        for scenario in SCENARIOS
        for line in render(scenario).text.splitlines()
        if line.startswith("# Source: ")
    }
    templates = {str(path.relative_to(CHART)) for path in template_files() if path.suffix == ".yaml"}
    assert templates == made


def test_the_program_says_what_its_schemas_say_here(tmp_path: Path) -> None:
    """kubernetes-validate itself, which these checks only borrow the schemas of, accepts and refuses the same."""
    program = shutil.which("kubernetes-validate")
    assert program
    command = [program, "--kubernetes-version", KUBE_VERSIONS[-1], "--strict", "--no-warn"]
    for misspelt in (False, True):
        text = render(EVERYTHING).text
        path = tmp_path / f"{misspelt}.yaml"
        path.write_text(text.replace("readOnlyRootFilesystem", "readOnlyRootFileSystem") if misspelt else text)
        done = subprocess.run([*command, str(path)], capture_output=True, text=True, check=False, timeout=TIME_LIMIT)
        assert (done.returncode != 0) == misspelt, done.stdout
        objects = [item for item in objects_in(path.read_text()) if item.kind in {"Deployment", "Job", "Pod"}]
        assert all(bool(complaints(item, KUBE_VERSIONS[-1])) == misspelt for item in objects)
