"""What a rendered pod asks of its node, as values: command, environment, files, probes, and how it is ended. Pure.

It knows what the chart renders and no more of Kubernetes than that; anything else in a pod is an error here, so that no
check passes by leaving something out.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from tests.chart.pod_images import BRIDGE, Image

Body = dict[str, Any]

OURS: Final = "bridge"
_KUBERNETES_GRACE_S: Final = 30.0
_PROBE_DEFAULTS: Final = {"initialDelaySeconds": 0, "periodSeconds": 10, "timeoutSeconds": 1, "successThreshold": 1}
_USED_OF_SPEC: Final = {
    "containers",
    "enableServiceLinks",
    "hostAliases",
    "initContainers",
    "securityContext",
    "terminationGracePeriodSeconds",
    "volumes",
}
_LEFT_TO_OTHERS: Final = {
    "affinity",
    "automountServiceAccountToken",
    "dnsConfig",
    "dnsPolicy",
    "imagePullSecrets",
    "nodeSelector",
    "priorityClassName",
    "restartPolicy",
    "runtimeClassName",
    "schedulerName",
    "serviceAccountName",
    "tolerations",
    "topologySpreadConstraints",
}
# Where a pod is scheduled and whose name it has decides nothing about whether it starts.
_USED_OF_CONTAINER: Final = {
    "name",
    "image",
    "imagePullPolicy",
    "command",
    "args",
    "env",
    "envFrom",
    "ports",
    "livenessProbe",
    "readinessProbe",
    "startupProbe",
    "lifecycle",
    "resources",
    "securityContext",
    "volumeMounts",
}


class PodRefused(Exception):
    """The pod cannot start, or these checks do not know what it asks for; the text says which."""


@dataclass(frozen=True)
class Cluster:
    """What the pods of a namespace may refer to: data of ConfigMaps and Secrets, and ports of Services, by name."""

    config_maps: Mapping[str, Mapping[str, str]]
    secrets: Mapping[str, Mapping[str, str]]
    services: Mapping[str, Sequence[int]]


@dataclass(frozen=True)
class Probe:
    """An HTTP probe of the kubelet, or without a path one that looks for a listener; times are seconds."""

    path: str | None
    port: int
    initial_delay_s: float
    period_s: float
    timeout_s: float
    successes: int
    failures: int


@dataclass(frozen=True)
class File:
    """A file of a volume, by its path in it. `mode` are the permission bits."""

    content: bytes
    mode: int


@dataclass(frozen=True)
class Mount:
    """A volume, by name, at a path of the container."""

    volume: str
    path: str
    read_only: bool


@dataclass(frozen=True)
class PodPlan:
    """A container of a pod as its node runs it.

    `hosts` are addresses by name. `empty` are volumes that are empty at the start, the others hold files.
    """

    name: str
    image: Image
    argv: Sequence[str]
    env: Mapping[str, str]
    hosts: Mapping[str, str]
    mounts: Sequence[Mount]
    empty: frozenset[str]
    uid: int
    gid: int
    fs_group: int | None
    read_only_root: bool
    no_new_privileges: bool
    no_capabilities: bool
    ports: Mapping[str, int]
    startup: Probe | None
    readiness: Probe | None
    liveness: Probe | None
    pre_stop_s: float
    grace_s: float


def images_of(pod: Body, known: Mapping[str, Image]) -> dict[str, Image]:
    """Give the containers that are run, by name, and what stands in for their images: ours first, then known ones.

    What else a user puts into the pod is not ours.
    """
    containers: list[Body] = pod["spec"]["containers"]
    ours = {one["image"] for one in containers if one["name"] == OURS}
    if any(one["image"] in ours for one in pod["spec"].get("initContainers", [])):
        raise PodRefused("these checks run no init container of ours")
    images = {**known, **dict.fromkeys(ours, BRIDGE)}
    run = sorted((one for one in containers if one["image"] in images), key=lambda one: str(one["name"]) != OURS)
    return {one["name"]: images[one["image"]] for one in run}


def pod_plan(
    pod: Body, cluster: Cluster, *, name: str = OURS, image: Image = BRIDGE, assigned_uid: int | None = None
) -> PodPlan:
    """Read one container of a pod's template, by its name.

    `assigned_uid` is whom the cluster makes it where it does not say, as OpenShift does.
    """
    spec = pod["spec"]
    _refuse_unknown("the pod", spec, _USED_OF_SPEC | _LEFT_TO_OTHERS)
    [container] = [one for one in spec["containers"] if one["name"] == name]
    _refuse_unknown("the container", container, _USED_OF_CONTAINER)
    security = {**(spec.get("securityContext") or {}), **(container.get("securityContext") or {})}
    uid = security.get("runAsUser", assigned_uid if assigned_uid is not None else image.uid)
    if security.get("runAsNonRoot") and uid == 0:
        raise PodRefused("it has to run as somebody else than root, and would be root")
    ports = {port["name"]: port["containerPort"] for port in container.get("ports", [])}
    return PodPlan(
        name=name,
        image=image,
        argv=[*(container.get("command") or image.entrypoint), *container.get("args", [])],
        env={**_links(spec, cluster), **_environment(container, cluster)},
        hosts={host: alias["ip"] for alias in spec.get("hostAliases", []) for host in alias["hostnames"]},
        mounts=[
            Mount(mount["name"], mount["mountPath"], mount.get("readOnly", False))
            for mount in container.get("volumeMounts", [])
            if _has_no_sub_path(mount)
        ],
        empty=frozenset(volume["name"] for volume in spec.get("volumes", []) if "emptyDir" in volume),
        uid=uid,
        gid=security.get("runAsGroup", image.gid),
        fs_group=security.get("fsGroup", assigned_uid),
        read_only_root=security.get("readOnlyRootFilesystem", False),
        no_new_privileges=security.get("allowPrivilegeEscalation") is False,
        no_capabilities="ALL" in security.get("capabilities", {}).get("drop", []),
        ports=ports,
        startup=_probe(container.get("startupProbe"), ports),
        readiness=_probe(container.get("readinessProbe"), ports),
        liveness=_probe(container.get("livenessProbe"), ports),
        pre_stop_s=_pre_stop_s(container.get("lifecycle") or {}),
        grace_s=float(spec.get("terminationGracePeriodSeconds", _KUBERNETES_GRACE_S)),
    )


def volume_files(pod: Body, cluster: Cluster) -> dict[str, dict[str, File]]:
    """Give the files of each volume that holds some, by the volume's name and the path in it."""
    volumes: list[Body] = pod["spec"].get("volumes", [])
    return {volume["name"]: dict(_files(volume, cluster)) for volume in volumes if "emptyDir" not in volume}


def _files(volume: Body, cluster: Cluster) -> Iterator[tuple[str, File]]:
    match volume:
        case {"name": _, "configMap": {"name": str()} as source}:
            yield from _of_source("configMap", source, cluster, source.get("defaultMode", 0o644))
        case {"name": _, "secret": {"secretName": str() as name} as source}:
            yield from _of_source("secret", {**source, "name": name}, cluster, source.get("defaultMode", 0o644))
        case {"name": _, "projected": {"sources": list() as sources} as projected}:
            for source in sources:
                [(kind, what)] = source.items()
                yield from _of_source(kind, what, cluster, projected.get("defaultMode", 0o644))
        case _:
            raise PodRefused(f"these checks do not know the volume {volume}")


def _of_source(kind: str, source: Body, cluster: Cluster, mode: int) -> Iterator[tuple[str, File]]:
    held = {"configMap": cluster.config_maps, "secret": cluster.secrets}[kind].get(source["name"])
    if held is None:
        if source.get("optional"):
            return
        raise PodRefused(f"there is no {kind} {source['name']}")
    for item in source.get("items", [{"key": key, "path": key} for key in held]):
        if item["key"] in held:
            yield item["path"], File(held[item["key"]].encode(), item.get("mode", mode))
        elif not source.get("optional"):
            raise PodRefused(f"the {kind} {source['name']} has no key {item['key']}")


def _environment(container: Body, cluster: Cluster) -> dict[str, str]:
    env: dict[str, str] = {}
    for source in container.get("envFrom", []):
        [(kind, what)] = source.items()
        held = {"configMapRef": cluster.config_maps, "secretRef": cluster.secrets}[kind].get(what["name"])
        if held is None and not what.get("optional"):
            raise PodRefused(f"there is no {kind} {what['name']}")
        env |= held or {}
    for variable in container.get("env", []):
        match variable:
            case {"name": str() as name, "value": str() as value}:
                env[name] = value
            case {"name": str() as name, "valueFrom": {"secretKeyRef": {"name": str() as secret, "key": str() as key}}}:
                if key not in cluster.secrets.get(secret, {}):
                    raise PodRefused(f"there is no secret {secret} with the key {key}")
                env[name] = cluster.secrets[secret][key]
            case _:
                raise PodRefused(f"these checks do not know the variable {variable}")
    return env


def _links(spec: Body, cluster: Cluster) -> dict[str, str]:
    """Give what a kubelet adds: the API's address always, each Service's unless the pod does without."""
    links = {"KUBERNETES_SERVICE_HOST": "10.96.0.1", "KUBERNETES_SERVICE_PORT": "443"}
    if spec.get("enableServiceLinks", True):
        for name, ports in cluster.services.items():
            prefix = name.upper().replace("-", "_")
            links |= {f"{prefix}_SERVICE_HOST": "10.96.0.2", f"{prefix}_PORT": f"tcp://10.96.0.2:{ports[0]}"}
    return links


def _probe(body: Body | None, ports: Mapping[str, int]) -> Probe | None:
    if body is None:
        return None
    _refuse_unknown("a probe", body, {"httpGet", "tcpSocket", "failureThreshold", *_PROBE_DEFAULTS})
    [asked] = [body[kind] for kind in ("httpGet", "tcpSocket") if kind in body]
    _refuse_unknown("a probe's request", asked, {"path", "port"})
    settings = {**_PROBE_DEFAULTS, "failureThreshold": 3, **body}
    port = asked["port"]
    return Probe(
        path=asked["path"] if "httpGet" in body else None,
        port=ports[port] if isinstance(port, str) else port,
        initial_delay_s=settings["initialDelaySeconds"],
        period_s=settings["periodSeconds"],
        timeout_s=settings["timeoutSeconds"],
        successes=settings["successThreshold"],
        failures=settings["failureThreshold"],
    )


def _pre_stop_s(lifecycle: Body) -> float:
    match lifecycle:
        case {} if not lifecycle:
            return 0.0
        case {"preStop": {"sleep": {"seconds": int() as seconds}}} if len(lifecycle) == 1:
            return float(seconds)
        case _:
            raise PodRefused(f"these checks do not know the lifecycle {lifecycle}")


def _has_no_sub_path(mount: Body) -> bool:
    _refuse_unknown("a mount", mount, {"name", "mountPath", "readOnly"})
    return True


def _refuse_unknown(what: str, body: Body, known: set[str]) -> None:
    if unknown := set(body) - known:
        raise PodRefused(f"these checks do not know {', '.join(sorted(unknown))} of {what}")
