"""The chart as the real helm renders it: values in, the objects of Kubernetes out.

Values are files (a scenario by its name, or a path) and maps, laid over each other from left to right as helm does it.
What was rendered once in this process is not rendered again.
"""

import functools
import json
import shutil
import subprocess
import tempfile
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml
from typing_extensions import override

ROOT: Final = Path(__file__).parents[2]
CHART: Final = ROOT / "helm" / "bridge"
SCENARIO_FILES: Final = CHART / "ci"
"""Those for users are links to deploy/values."""
HAVE_PODS: Final = frozenset({"Deployment", "StatefulSet", "DaemonSet", "Job"})
KUBE_VERSION: Final = "1.34"
RELEASE: Final = "bridge"
NAMESPACE: Final = "telephony"
TIME_LIMIT: Final = 60
"""Seconds; a rendering takes 0.1."""

Body = dict[str, Any]
"""One object of Kubernetes, as its YAML says it."""
Values = str | Path | Mapping[str, object]
"""A scenario by name, a file, or the values themselves."""


class HelmError(Exception):
    """What helm wrote to stderr when it refused."""


@dataclass(frozen=True)
class KubernetesObject:
    """One rendered object; two are the same object when `key` is the same."""

    body: Body

    @property
    def kind(self) -> str:
        """Its kind."""
        return str(self.body["kind"])

    @property
    def name(self) -> str:
        """Its name."""
        return str(self.body["metadata"]["name"])

    @property
    def key(self) -> str:
        """Kind, namespace and name."""
        return f"{self.kind} {self.body['metadata'].get('namespace')}/{self.name}"

    @property
    def component(self) -> str:
        """The component that its labels name; empty where they name none."""
        return str(self.labels.get("app.kubernetes.io/component", ""))

    @property
    def labels(self) -> dict[str, str]:
        """Labels of the object."""
        return self.body["metadata"].get("labels") or {}

    @property
    def annotations(self) -> dict[str, str]:
        """Annotations of the object."""
        return self.body["metadata"].get("annotations") or {}

    @property
    def pod(self) -> Body | None:
        """`metadata` and `spec` of its pods, or None where it has none."""
        if self.kind == "Pod":
            return {"metadata": self.body["metadata"], "spec": self.body["spec"]}
        template: Body | None = self.body["spec"]["template"] if self.kind in HAVE_PODS else None
        return template

    @property
    def containers(self) -> list[Body]:
        """All containers of its pods, init containers first."""
        spec = (self.pod or {"spec": {}})["spec"]
        return [*(spec.get("initContainers") or []), *(spec.get("containers") or [])]


@dataclass(frozen=True)
class Rendering:
    """All objects of one rendering, and the text they were read from."""

    text: str

    @functools.cached_property
    def objects(self) -> tuple[KubernetesObject, ...]:
        """All of them, in the order of the text."""
        return objects_in(self.text)

    def __iter__(self) -> Iterator[KubernetesObject]:
        """Give the objects in the order of the text."""
        return iter(self.objects)

    def of(self, *kinds: str) -> list[KubernetesObject]:
        """Give the objects of some kinds."""
        return [item for item in self.objects if item.kind in kinds]

    def one(self, kind: str, component: str | None = None) -> KubernetesObject:
        """Give the only object of a kind, or of a kind and component."""
        found = [item for item in self.of(kind) if component in {None, item.component}]
        assert len(found) == 1, f"{len(found)} objects are {kind} {component or ''}: {[item.name for item in found]}"
        return found[0]

    @property
    def workloads(self) -> list[KubernetesObject]:
        """Give the objects that have pods."""
        return [item for item in self.objects if item.pod is not None]

    @property
    def config(self) -> Body:
        """Give the bridge's configuration, as its file in the ConfigMap of the release says it."""
        texts = [item.body["data"]["bridge.yaml"] for item in self.of("ConfigMap") if is_config_of_service(item)]
        assert len(texts) == 1, f"{len(texts)} ConfigMaps have the configuration of the service"
        config: Body = yaml.safe_load(texts[0])
        return config


def is_config_of_service(item: KubernetesObject) -> bool:
    """Tell whether this is the ConfigMap that ingress and worker read: it alone names connections."""
    return "bridge.yaml" in item.body.get("data", {}) and "connections" in yaml.safe_load(
        item.body["data"]["bridge.yaml"]
    )


def scenarios() -> dict[str, Path]:
    """Give the files of values that every check goes over, by name: the chart's scenarios and the examples."""
    return {path.stem.removesuffix("-values"): path for path in sorted(SCENARIO_FILES.glob("*.yaml"))}


SCENARIOS: Final = tuple(scenarios())


def render(
    *values: Values,
    kube_version: str = KUBE_VERSION,
    release: str = RELEASE,
    namespace: str = NAMESPACE,
    chart: Path = CHART,
    with_tests: bool = True,
) -> Rendering:
    """Render the chart with the values; raise HelmError where it refuses."""
    arguments = [release, str(chart), "--namespace", namespace, "--kube-version", f"{kube_version}.0"]
    if not with_tests:
        arguments.append("--skip-tests")
    return _rendered(tuple(arguments), tuple(_layer(part) for part in values))


def refusal(*values: Values, chart: Path = CHART) -> str:
    """Render what must be refused, and give the sentence."""
    try:
        render(*values, chart=chart)
    except HelmError as error:
        return str(error)
    message = f"helm renders the chart with {values}"
    raise AssertionError(message)


def helm(*arguments: str, time_limit: float = TIME_LIMIT) -> str:
    """Run helm, and give what it printed; raise HelmError where it exits with another status than 0."""
    program = shutil.which("helm")
    assert program, "helm is missing: run `make chart`, which puts .venv-chart/bin before PATH"
    done = subprocess.run([program, *arguments], capture_output=True, text=True, timeout=time_limit, check=False)
    if done.returncode:
        raise HelmError(done.stderr + (done.stdout if arguments[0] == "lint" else ""))
    return done.stdout


class StrictLoader(yaml.CSafeLoader):
    """Refuses a key that stands twice in one map, of which YAML readers drop one without a word."""

    @override
    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        keys = [key.value for key, _ in node.value]
        twice = {key for key in keys if keys.count(key) > 1}
        if twice:
            message = f"keys stand twice in one map: {sorted(twice)}"
            raise yaml.constructor.ConstructorError(None, None, message, node.start_mark)
        return super().construct_mapping(node, deep=deep)


def objects_in(text: str) -> tuple[KubernetesObject, ...]:
    """Give the objects of a manifest."""
    bodies = yaml.load_all(text, Loader=StrictLoader)
    return tuple(KubernetesObject(body) for body in bodies if body)


def value_files(layers: tuple[str, ...], folder: Path) -> list[str]:
    """Give helm's options for the layers of values; maps become files in the folder."""
    options = []
    for number, layer in enumerate(layers):
        path = Path(layer)
        if layer.startswith("{"):
            path = folder / f"{number}.yaml"
            path.write_text(layer)
        options += ["--values", str(path)]
    return options


def _layer(part: Values) -> str:
    match part:
        case Path():
            return str(part)
        case str():
            return str(scenarios()[part])
        case _:
            return json.dumps(part)


@functools.cache
def _rendered(arguments: tuple[str, ...], layers: tuple[str, ...]) -> Rendering:
    with tempfile.TemporaryDirectory() as folder:
        text = helm("template", *arguments, *value_files(layers, Path(folder)))
    return Rendering(text)
