"""The files that a rendered pod finds, made in a folder: its ConfigMaps as rendered, its Secrets with made-up contents.

What is projected as optional is left out, as in a cluster where the user has not made it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.chart.rendering import Body, KubernetesObject, Rendering
from tests.kafka.secured_certificates import Authority


@dataclass(frozen=True)
class MadeUpSecrets:
    """Contents of Secrets by what they are projected as; certificates are real ones."""

    authority: bytes
    certificate: bytes
    key: bytes

    @classmethod
    def make(cls, folder: Path) -> "MadeUpSecrets":
        """Make the certificates in a folder."""
        authority = Authority.make(folder, "authority")
        client = authority.issue("client", subject="bridge")
        return cls(authority.cert.read_bytes(), client.cert.read_bytes(), client.key.read_bytes())

    def content(self, projected_as: str) -> bytes:
        """Give the content of a file; each connection has an API key of its own."""
        match Path(projected_as).name:
            case "ca.crt" | "oauth-ca.crt":
                return self.authority
            case "client.crt":
                return self.certificate
            case "client.key":
                return self.key
            case name:
                return f"{name}-of-{projected_as.replace('/', '-')}-made-up".encode()


@dataclass(frozen=True)
class PodFiles:
    """Where a pod's files are, and what its container finds in its environment."""

    config: Path
    environ: Mapping[str, str]
    paths: frozenset[str]
    """Absolute, as the container sees them."""


def make_files(rendering: Rendering, item: KubernetesObject, folder: Path, secrets: MadeUpSecrets) -> PodFiles:
    """Write what the container `bridge` of a workload has mounted; paths in its configuration lead into the folder."""
    assert item.pod
    (container,) = (one for one in item.containers if one["name"] == "bridge")
    volumes = {volume["name"]: volume for volume in item.pod["spec"]["volumes"]}
    maps = {one.name: one.body["data"] for one in rendering.of("ConfigMap")}
    files: dict[str, bytes] = {}
    for mount in container["volumeMounts"]:
        for name, content in _files_of(volumes[mount["name"]], maps, secrets):
            files[f"{mount['mountPath']}/{name}"] = content
    for path, content in files.items():
        target = folder / path.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(re.sub(rb"(?<=[ \"'])/run/secrets/", f"{folder}/run/secrets/".encode(), content))
    environ = {
        entry["name"]: entry.get("value", f"value-of-{entry.get('valueFrom', {}).get('secretKeyRef', {}).get('key')}")
        for entry in container["env"]
    }
    return PodFiles(folder / environ["BRIDGE_CONFIG"].lstrip("/"), environ, frozenset(files))


def _files_of(volume: Body, maps: Mapping[str, Body], secrets: MadeUpSecrets) -> list[tuple[str, bytes]]:
    if "configMap" in volume:
        return [(name, text.encode()) for name, text in maps[volume["configMap"]["name"]].items()]
    return [
        (one["path"], secrets.content(one["path"]))
        for source in volume.get("projected", {}).get("sources", ())
        if not source["secret"].get("optional")
        for one in source["secret"]["items"]
    ]
