"""values.yaml, its schema and the chart's own data: no typo passes, no value is without a description or a use."""

import copy
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

import pytest
import yaml
from jsonschema import Draft7Validator

from tests.chart.generate.__main__ import main as generate
from tests.chart.rendering import CHART, SCENARIOS, Body, refusal, render, scenarios
from tests.chart.templates import actions, template_files

Path = tuple[str, ...]

OPEN: Final[Mapping[str, str]] = {
    "global": "shared with the parent chart and its other subcharts",
    "config": "the bridge's own settings, which it checks itself",
    "commonLabels": "names are the user's",
    "commonAnnotations": "names are the user's",
    "resources": "typed by Kubernetes: a strict copy would refuse newer fields",
    "behavior": "typed by Kubernetes",
    "probes": "typed by Kubernetes, beneath the three probes",
    "podSecurityContext": "typed by Kubernetes",
    "containerSecurityContext": "typed by Kubernetes",
    "podAnnotations": "names are the user's",
    "podLabels": "names are the user's",
    "extensions": "names are the provider's",
}
"""Objects that take any key, by the last part of their path, and why."""
WITHOUT_IT: Final = {"targetCPU", "strategy", "minReadySeconds", "thresholds"}
"""What may be taken away: it then means none, 0 or, for a threshold, a sentence of a template."""
SECTIONS: Final = (("ingress",), ("worker",), ("topics", "job"), ("uninstall",), ("tests",))
"""Where the keys of podDefaults are, too."""
WRONG: Final = {"type": "of no kind that any value has"}
CHART_YAML: Final[Body] = yaml.safe_load((CHART / "Chart.yaml").read_text())
VALUES: Final[Body] = yaml.safe_load((CHART / "values.yaml").read_text())
SCHEMA: Final[Body] = json.loads((CHART / "values.schema.json").read_text())


def paths(tree: Body, above: Path = ()) -> Iterator[Path]:
    """Give the path of every key, those of maps included."""
    for key, value in tree.items():
        yield (*above, key)
        if isinstance(value, dict):
            yield from paths(value, (*above, key))


def changed(path: Path, value: object, *, key: str | None = None) -> Body:
    """Give all values with another one at a path, or with another key beside it, as a slip leaves them."""
    values = copy.deepcopy(VALUES)
    inner: Any = values
    for part in path[:-1]:
        inner = inner[part]
    inner[key or path[-1]] = value
    return values


def at(path: Path) -> object:
    """Give the default at a path."""
    value: Any = VALUES
    for part in path:
        value = value[part]
    return value


def is_open(path: Path) -> bool:
    """Tell whether the object that holds the key takes any key."""
    return bool(set(path[:-1]) & set(OPEN))


def test_the_defaults_need_only_what_nobody_can_know() -> None:
    """The schema accepts values.yaml as it is; what is missing is said by a sentence of a template."""
    assert not list(Draft7Validator(SCHEMA).iter_errors(VALUES))
    Draft7Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("section", sorted(VALUES))
def test_no_misspelt_key_passes(section: str) -> None:
    """Each key of values.yaml with a slip in it is refused by the schema, but for objects that are open."""
    validator = Draft7Validator(SCHEMA)
    slips = [path for path in paths({section: VALUES[section]}) if not is_open(path)]
    assert slips
    passed = [path for path in slips if validator.is_valid(changed(path, at(path), key=f"{path[-1]}s"))]
    assert not passed


def open_objects(schema: object, path: Path = ()) -> list[str]:
    """Give the objects of the schema that list their keys, and let others through."""
    if isinstance(schema, list):
        return [found for inner in schema for found in open_objects(inner, path)]
    if not isinstance(schema, dict):
        return []
    lists_keys = bool(path) and path[-1] != "properties" and "properties" in schema
    here = [".".join(path)] if lists_keys and schema.get("additionalProperties") is not False else []
    return here + [found for key, inner in schema.items() for found in open_objects(inner, (*path, key))]


def test_objects_that_list_their_keys_take_no_others() -> None:
    """Those of connections, probes and alerts, too, of which values.yaml has none to misspell."""
    # The first is shared with the parent chart; of the second Kubernetes has the say, and adds to it.
    assert set(open_objects(SCHEMA)) == {"properties.global", "definitions.env.items"}
    assert SCHEMA["additionalProperties"] is False


def test_no_value_of_another_kind_passes() -> None:
    """A text for a number, a number for a text, a list for a map: the schema says so, at `helm install`."""
    validator = Draft7Validator(SCHEMA)
    passed = []
    for path in paths(VALUES):
        if is_open(path) or path[-1] in OPEN:
            continue
        default = at(path)
        wrong: object = 7 if isinstance(default, (str, dict, list)) or default is None else {"a": "map"}
        if path[-1] in {"nodePort", "targetCPU"}:
            wrong = {"a": "map"}
        if validator.is_valid(changed(path, wrong)):
            passed.append(path)
    assert not passed


def test_a_default_that_is_not_empty_cannot_be_taken_away() -> None:
    """Helm drops a key whose value is null: the chart would render no prefix, no port, or hosts that nobody checks."""
    validator = Draft7Validator(SCHEMA)
    passed = []
    for path in paths(VALUES):
        default = at(path)
        if is_open(path) or default in (None, "", False) or isinstance(default, (dict, list)):
            continue
        values = changed(path, None)
        inner: Any = values
        for part in path[:-1]:
            inner = inner[part]
        del inner[path[-1]]
        if validator.is_valid(values) and not set(path) & WITHOUT_IT:
            passed.append(".".join(path))
    assert not passed
    assert "checkHostname is required" in refusal("default", {"kafka": {"tls": {"checkHostname": None}}})


@pytest.mark.parametrize("section", SECTIONS, ids=".".join)
def test_the_keys_of_pod_defaults_are_known_everywhere(section: Path) -> None:
    """Each component takes each key of podDefaults by the schema, and no misspelt one."""
    validator = Draft7Validator(SCHEMA)
    for key, value in VALUES["podDefaults"].items():
        assert validator.is_valid(changed((*section, key), value)), key
        assert not validator.is_valid(changed((*section, f"{key}s"), value)), key


def test_helm_itself_refuses_a_misspelt_key_and_names_it() -> None:
    """What the schema says here, helm says to the user: which key, and where."""
    sentence = refusal("minimal", {"ingress": {"replica": 2}})
    assert "ingress" in sentence
    assert "replica" in sentence
    assert "Additional property replica is not allowed" in sentence
    sentence = refusal("minimal", {"connections": {"acme": {"config": {"default_regoin": "LT"}}}})
    assert "default_regoin" in sentence
    assert "connections.acme.config" in sentence
    assert "Not_A_Label" in refusal("minimal", {"connections": {"Not_A_Label": {}}})


def test_a_null_takes_a_default_away() -> None:
    """Helm drops a key whose value is null: what a user may want to be rid of is gone, and the rest still renders."""
    emptied = {"podDefaults": {"podSecurityContext": {"runAsUser": None, "fsGroup": None}}}
    for item in render("minimal", emptied).workloads:
        assert item.pod
        assert not {"runAsUser", "fsGroup"} & set(item.pod["spec"]["securityContext"])
    without = render("minimal", {"ingress": {"probes": {"startup": None}}}).one("Deployment", "ingress").containers
    assert "startupProbe" not in without[0]
    assert "livenessProbe" in without[0]


def test_a_key_with_nothing_behind_it_is_the_same_as_its_empty_default() -> None:
    """`config:` with nothing beneath is null, and Helm drops the default: no template may stumble over that."""
    nulls: Body = {}
    given_anyway = {("kafka", "bootstrapServers"), ("connections",)}
    # To be rid of these is a choice, and not the same as their default.
    chosen = {("podDefaults", "containerSecurityContext", "allowPrivilegeEscalation")}
    for path in paths(VALUES):
        # A threshold of 0 is a number: without it there is a sentence.
        if at(path) in ({}, [], "", False) and path not in given_anyway | chosen and "thresholds" not in path:
            inner = nulls
            for part in path[:-1]:
                inner = inner.setdefault(part, {})
            inner[path[-1]] = None
    given = yaml.safe_load(scenarios()["minimal"].read_text())
    switches = [{"enabled": True}] * 3
    on = {
        "monitoring": dict(zip(("monitor", "rules", "dashboards"), switches, strict=True)),
        "networkPolicy": switches[0],
    }
    for more in ({}, on):
        assert render(nulls, given, more).objects == render(given, more).objects


def test_no_section_can_be_taken_away() -> None:
    """A section set to null is refused by the schema, which names it, instead of an error of a template."""
    validator = Draft7Validator(SCHEMA)
    passed = []
    for path in paths(VALUES):
        if isinstance(at(path), dict) and at(path) and not is_open(path) and path[-1] not in OPEN:
            values = changed(path, None)
            inner: Any = values
            for part in path[:-1]:
                inner = inner[part]
            del inner[path[-1]]
            if validator.is_valid(values):
                passed.append(".".join(path))
    assert not passed


def test_every_value_is_used_by_a_template() -> None:
    """A value that no template reads is a promise that nobody keeps."""
    code = "\n".join(action.code for action in actions())
    used = set(re.findall(r"[A-Za-z][A-Za-z0-9]*", code))
    passed_on = set(OPEN) - {"global", "config"} | {"strategy"}
    rules = {path.stem for path in (CHART / "rules").glob("*.yaml")}
    assert rules
    unused = [
        path
        for path in paths(VALUES)
        if path[-1] not in used
        and not passed_on & set(path[:-1])
        and path[:2] not in {("topics", "partitions"), ("topics", "retention")}
        and path[:3] != ("monitoring", "rules", "thresholds")
    ]
    assert not unused
    alerts = (CHART / "rules" / "alerts.yaml").read_text()
    assert not [key for key in VALUES["monitoring"]["rules"]["thresholds"] if f"${{{key}}}" not in alerts]


def test_no_template_reads_a_value_that_is_not_there() -> None:
    """A slip in a template renders as nothing: each `.Values.…` is a path of values.yaml."""
    known = {".".join(path) for path in paths(VALUES)} | {"enabled"}
    read = {
        found.rstrip(".")
        for action in actions()
        for found in re.findall(r"\.Values\.([A-Za-z0-9.]+)", action.without_strings)
    }
    assert read
    maps = {"connections", "config"}
    assert not [path for path in read if path not in known and path.partition(".")[0] not in maps]


def test_generated_files_are_up_to_date() -> None:
    """README, topics, rights and the schema of a connection are as their sources say, else: `make chart-files`."""
    assert generate(["--check"]) == 0


def test_the_readme_shows_each_value() -> None:
    """Each value has a row of its own or of the map it is in."""
    readme = (CHART / "README.md").read_text()
    missing = [
        path
        for path in paths(VALUES)
        if not any(f"`{'.'.join(path[:length])}`" in readme for length in range(1, len(path) + 1))
    ]
    assert not missing


def test_the_chart_says_what_artifact_hub_shows() -> None:
    """Versions are semantic ones, 1.30 is the oldest Kubernetes with suffixes let in, and changes are listed."""
    semver = r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?"
    assert CHART_YAML["apiVersion"] == "v2"
    assert CHART_YAML["type"] == "application"
    assert CHART_YAML["kubeVersion"] == ">=1.30.0-0"
    assert re.fullmatch(semver, CHART_YAML["version"])
    assert re.fullmatch(semver, CHART_YAML["appVersion"])
    assert not CHART_YAML.get("dependencies"), "no subcharts: Kafka is the user's"
    annotations = CHART_YAML["annotations"]
    assert {"artifacthub.io/changes", "artifacthub.io/license"} <= set(annotations)
    changes = yaml.safe_load(annotations["artifacthub.io/changes"])
    assert changes
    for change in changes:
        assert change["kind"] in {"added", "changed", "deprecated", "removed", "fixed", "security"}
        assert change["description"]


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_scenario_says_nothing_that_the_defaults_say(scenario: str) -> None:
    """A value that equals the default shows a reader something to copy that is not needed."""

    def idle(given: Body, default: object, above: Path = ()) -> list[str]:
        if not isinstance(default, dict):
            return []
        same = []
        for key, value in given.items():
            path = (*above, key)
            if key in default and value == default[key] and value not in ({}, []):
                same.append(".".join(path))
            elif isinstance(value, dict):
                same += idle(value, default.get(key), path)
        return same

    allowed = {"kafka.securityProtocol", "kafka.sasl.mechanism", "kafka.sasl.passwordKey", "topics.management"}
    given = yaml.safe_load(scenarios()[scenario].read_text())
    assert not [path for path in idle(given, VALUES) if path not in allowed]


def test_every_template_starts_by_saying_nothing_of_values_it_does_not_own() -> None:
    """No template holds a registry, a host or an address of ours: all of them are the user's."""
    for path in template_files():
        hosts = re.findall(r"https?://(?!hooks\.example\.com|\(|\[|%)[a-z0-9.-]+", path.read_text())
        assert not hosts, path
