"""Topics and rights that the chart makes are those of the bridge's own tables, whatever the values."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pytest
import yaml

from bridge.app.kafka_access import topic_options
from bridge.kafka.rights import KafkaRole, rights
from bridge.kafka.topic_table import wanted_topics
from bridge.ops.settings import Role, Settings, load_settings
from tests.chart.mounted_files import MadeUpSecrets, make_files
from tests.chart.rendering import Body, KubernetesObject, Rendering, render

STRIMZI: Final = ("strimzi-mtls", "strimzi-scram")
OPTIONS: Final[Mapping[str, Body]] = {
    "as it is": {},
    "one broker": {"topics": {"replicationFactor": 1}},
    "two brokers": {"topics": {"replicationFactor": 2}},
    "many brokers": {"topics": {"replicationFactor": 5}},
    "a number of partitions for each kind": {
        "topics": {"partitions": {"events": 11, "commands": 12, "results": 13, "quarantine": 14, "admin": 15}}
    },
    "shards": {"topics": {"shards": 48}},
    "a retention for each kind": {
        "topics": {"retention": {"events": "36h", "commands": "90m", "results": "3d", "quarantine": "600s"}}
    },
    "long retention": {"topics": {"retention": {"events": "3650d", "admin": "60000ms"}}},
    "a fraction": {"topics": {"retention": {"events": "1.5d"}}},
    "another prefix": {"topics": {"prefix": "Vilnius_2.pbx"}},
    "by the bridge's own settings": {
        "config": {"topics": {"prefix": "own", "shards": 6, "retention": {"admin": "2h"}}}
    },
    "large bodies": {"config": {"ingress": {"max_body_bytes": "512KiB"}}},
}
ANOTHER_JOB: Final[Mapping[str, Body]] = {
    "a prefix": {"topics": {"prefix": "other"}},
    "partitions": {"topics": {"partitions": {"events": 9}}},
    "a retention": {"topics": {"retention": {"results": "9d"}}},
    "shards": {"topics": {"shards": 24}},
    "the image": {"image": {"tag": "9.9.9"}},
    "the image's digest": {"image": {"digest": f"sha256:{'0' * 64}"}},
    "the brokers": {"kafka": {"bootstrapServers": "elsewhere:9092"}},
    "the job's own brokers": {"topics": {"job": {"kafka": {"bootstrapServers": "elsewhere:9092"}}}},
    "the job's deadline": {"topics": {"job": {"activeDeadlineSeconds": 30}}},
    "the job's resources": {"topics": {"job": {"resources": {"limits": {"memory": "512Mi"}}}}},
    "labels of all pods": {"commonLabels": {"a": "b"}},
}
"""What is in a Job cannot be changed: each of these must make a Job of another name, or the upgrade fails."""
SAME_JOB: Final[Mapping[str, Body]] = {
    "a connection": {
        "connections": {"other": {"baseUrl": "https://a.example/v2", "credentials": {"existingSecret": "other"}}}
    },
    "a connection's setting": {"connections": {"acme": {"config": {"default_region": "LV"}}}},
    "the public address": {"publicUrl": "https://other.example.com"},
    "the ingress": {"ingress": {"replicas": 7, "service": {"port": 8080}, "trustedProxies": ["192.0.2.1"]}},
    "the worker": {"worker": {"replicas": 7, "resources": {"limits": {"memory": "1Gi"}}}},
    "monitoring": {"monitoring": {"monitor": {"enabled": True}, "rules": {"enabled": True}}},
    "network policies": {"networkPolicy": {"enabled": True}},
    "the service's log": {"config": {"ingress": {"publish_deadline": "1s"}}},
}
"""What is none of the Job's affair must not make it run again."""


def settings_of(rendering: Rendering, component: str, folder: Path, made: MadeUpSecrets) -> Settings:
    """Load what the pods of a component are given."""
    (item,) = (one for one in rendering.workloads if one.component == component)
    files = make_files(rendering, item, folder / component, made)
    role = Role.TOOL if component == "topics" else Role(component)
    return load_settings(None, {**files.environ, "BRIDGE_CONFIG": str(files.config)}, role)


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("scenario", STRIMZI)
def test_kafka_topics_are_those_of_the_bridges_table(
    scenario: str, options: str, tmp_path: Path, secrets: MadeUpSecrets
) -> None:
    """Name, partitions, replicas and every setting of each KafkaTopic equal what `bridge topics plan` would want."""
    rendering = render(scenario, OPTIONS[options])
    wanted = {
        topic.name: (topic.partitions, topic.replication_factor, dict(topic.settings))
        for topic in wanted_topics(topic_options(settings_of(rendering, "worker", tmp_path, secrets)))
    }
    given = [item.body["spec"] for item in rendering.of("KafkaTopic")]
    assert {spec["topicName"]: (spec["partitions"], spec["replicas"], spec["config"]) for spec in given} == wanted
    assert len(given) == len(wanted)


@pytest.mark.parametrize("scenario", STRIMZI)
def test_kafka_topics_belong_to_their_cluster_and_outlive_the_release(scenario: str) -> None:
    """They carry the cluster's label and namespace, are no hooks, and stay when the release goes: data is in them."""
    rendering = render(scenario)
    for item in rendering.of("KafkaTopic", "KafkaUser"):
        assert item.labels["strimzi.io/cluster"] == "events"
        assert item.body["metadata"]["namespace"] == ("kafka" if scenario == "strimzi-scram" else "telephony")
        assert not [name for name in item.annotations if name.startswith("helm.sh/hook")], item.key
    for item in rendering.of("KafkaTopic"):
        assert item.annotations["helm.sh/resource-policy"] == "keep"
        assert item.name == item.body["spec"]["topicName"] or item.body["spec"]["topicName"] != item.name.lower()
    names = Counter(item.name for item in render(scenario, {"topics": {"prefix": "A_b"}}).of("KafkaTopic"))
    others = {item.name for item in render(scenario, {"topics": {"prefix": "a-b"}}).of("KafkaTopic")}
    assert not set(names) & others, "two prefixes share objects"
    assert not rendering.of("Job"), "nothing else makes topics"


@pytest.mark.parametrize("asks", [False, True], ids=["service alone", "with helm test"])
@pytest.mark.parametrize("scenario", STRIMZI)
def test_a_kafka_user_has_the_least_rights(scenario: str, asks: bool) -> None:
    """Its ACLs are those of `bridge topics rights`: of the service, and of the command line where `helm test` asks."""
    rendering = render(scenario, {"tests": {"enabled": asks}})
    prefix = rendering.config["topics"]["prefix"]
    user = rendering.one("KafkaUser").body["spec"]
    wanted: dict[tuple[str, str, str], set[str]] = {}
    for role in [KafkaRole.ALL, KafkaRole.TOOL] if asks else [KafkaRole.ALL]:
        for right in rights(role, prefix):
            resource = {"transactional-id": "transactionalId"}.get(right.target.resource, right.target.resource)
            pattern = {"prefixed": "prefix"}.get(right.target.pattern, right.target.pattern)
            wanted.setdefault((resource, right.target.name, pattern), set()).update(right.operations)
    given = {
        (acl["resource"]["type"], acl["resource"]["name"], acl["resource"]["patternType"]): set(acl["operations"])
        for acl in user["authorization"]["acls"]
    }
    assert given == wanted
    assert len(user["authorization"]["acls"]) == len(given)
    assert user["authentication"]["type"] == ("scram-sha-512" if scenario == "strimzi-scram" else "tls")


def job_of(*values: str | Body) -> KubernetesObject:
    """Give the topics Job of a rendering."""
    return render(*values).one("Job", "topics")


@pytest.mark.parametrize("change", ANOTHER_JOB)
def test_what_is_in_the_job_changes_its_name(change: str) -> None:
    """A Job is never changed, since Kubernetes refuses that: what would change it makes another."""
    before, after = job_of("minimal"), job_of("minimal", ANOTHER_JOB[change])
    assert before.body["spec"] != after.body["spec"]
    assert before.name != after.name


@pytest.mark.parametrize("change", SAME_JOB)
def test_what_is_not_in_the_job_lets_it_rest(change: str) -> None:
    """A Job that is done stays done: a new connection or another log is no reason to look at topics again."""
    before, after = job_of("minimal"), job_of("minimal", SAME_JOB[change])
    assert before.name == after.name
    assert before.body["spec"] == after.body["spec"]


def test_the_job_is_no_hook_and_stays() -> None:
    """With a hook or a time to live, GitOps would make it again at each look."""
    job = job_of("production")
    assert not [name for name in job.annotations if name.startswith(("helm.sh/hook", "argocd"))]
    assert "ttlSecondsAfterFinished" not in job.body["spec"]
    assert job.body["spec"]["template"]["spec"]["restartPolicy"] == "OnFailure"
    assert job.body["spec"]["activeDeadlineSeconds"] == 900


def test_the_job_may_have_its_own_credentials(tmp_path: Path, secrets: MadeUpSecrets) -> None:
    """The right to create topics is given to the Job alone: what differs for it is merged over `kafka`."""
    rendering = render("production")
    job = settings_of(rendering, "topics", tmp_path, secrets)
    worker = settings_of(rendering, "worker", tmp_path, secrets)
    assert job.kafka.sasl_username == "topic-admin"
    assert worker.kafka.sasl_username != "topic-admin"
    assert job.kafka.bootstrap_servers == worker.kafka.bootstrap_servers
    assert not job.connections
    used = str(rendering.one("Job", "topics").body["spec"])
    assert "topic-admin" in used
    assert "bridge-kafka" not in used


@pytest.mark.parametrize("management", ["job", "strimzi", "none"])
def test_one_at_most_makes_the_topics(management: str) -> None:
    """A Job, or objects of Strimzi, or neither; and never the service."""
    strimzi = {"cluster": "events"} if management == "strimzi" else {}
    rendering = render("minimal", {"topics": {"management": management, "strimzi": strimzi}})
    assert bool([item for item in rendering.of("Job") if item.component == "topics"]) == (management == "job")
    assert bool(rendering.of("KafkaTopic")) == (management == "strimzi")
    assert rendering.config["topics"]["manage"] is False


def test_the_jobs_configuration_names_the_same_topics_as_the_services() -> None:
    """Two files that disagreed would have the Job correct what the service then refuses."""
    for values in OPTIONS.values():
        rendering = render("minimal", values)
        (text,) = (item.body["data"]["bridge.yaml"] for item in rendering.of("ConfigMap") if item.component == "topics")
        assert yaml.safe_load(text)["topics"] == rendering.config["topics"]
