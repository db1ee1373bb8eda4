"""What an API server would say to an object: the schemas of Kubernetes by version, and ours for what operators add.

Those of Kubernetes are the strict ones that kubernetes-validate brings along (the program reads them anew for each
object, which takes minutes for all scenarios). Those of KEDA, Strimzi and the like are in `schemas/`, by API group.
"""

import functools
import json
import re
import shutil
from pathlib import Path
from typing import Any, Final

import yaml
from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from tests.chart.rendering import Body, KubernetesObject

KUBE_VERSIONS: Final = ("1.30", "1.34", "1.37")
"""The oldest that Chart.yaml allows, the newest there are schemas for, and one between."""
OURS: Final = Path(__file__).with_name("schemas")


def complaints(item: KubernetesObject, kube_version: str) -> list[str]:
    """Say what the API server of this version would refuse about the object, a sentence each."""
    group, _, version = str(item.body["apiVersion"]).rpartition("/")
    if (OURS / f"{group}.yaml").exists():
        validator = _of_an_operator(group, version, item.kind)
    else:
        validator = _of_kubernetes(
            kube_version, f"{item.kind}-{f'{group.split(chr(46))[0]}-' if group else ''}{version}"
        )
    if validator is None:
        return [f"{item.key}: there is no {item.body['apiVersion']} {item.kind} in Kubernetes {kube_version}"]
    return [
        f"{item.key}: {'.'.join(map(str, error.absolute_path))}: {error.message}"
        for error in validator.iter_errors(item.body)
    ]


@functools.cache
def _of_an_operator(group: str, version: str, kind: str) -> Draft202012Validator | None:
    schemas: dict[str, Body] = yaml.safe_load((OURS / f"{group}.yaml").read_text())
    if version not in schemas.get(kind, {}).get("versions", ()):
        return None
    ours = schemas[kind]
    needed = ours.get("labels", [])
    return Draft202012Validator(
        {
            "type": "object",
            "additionalProperties": False,
            "required": ["apiVersion", "kind", "metadata", "spec"],
            "properties": {
                "apiVersion": {"const": f"{group}/{version}"},
                "kind": {"const": kind},
                "metadata": {
                    "type": "object",
                    "additionalProperties": False,
                    "required": ["name", "namespace", "labels"],
                    "properties": {
                        "name": {"type": "string"},
                        "namespace": {"type": "string"},
                        "labels": {"type": "object", "required": needed, "additionalProperties": {"type": "string"}},
                        "annotations": {"type": "object", "additionalProperties": {"type": "string"}},
                    },
                },
                "spec": ours["spec"],
            },
            "$defs": ours.get("$defs", {}),
        }
    )


@functools.cache
def _of_kubernetes(kube_version: str, name: str) -> Draft202012Validator | None:
    path = _folder(kube_version) / f"{name.lower()}.json"
    if not path.exists():
        return None
    return Draft202012Validator(json.loads(path.read_bytes()), registry=_definitions(kube_version))


@functools.cache
def _definitions(kube_version: str) -> Registry[Any]:
    contents = json.loads((_folder(kube_version) / "_definitions.json").read_bytes())
    resource = Resource.from_contents(contents, default_specification=DRAFT202012)
    registry: Registry[Any] = Registry().with_resource("_definitions.json", resource)
    return registry.crawl()


@functools.cache
def _folder(kube_version: str) -> Path:
    program = shutil.which("kubernetes-validate")
    assert program, "kubernetes-validate is missing: run `make chart`, which puts .venv-chart/bin before PATH"
    found = [
        path
        for path in Path(program).parents[1].glob("lib/python*/site-packages/kubernetes_validate/*/v*-local-strict")
        if re.fullmatch(rf"v{re.escape(kube_version)}\.\d+-local-strict", path.name)
    ]
    assert len(found) == 1, f"kubernetes-validate has no schemas of Kubernetes {kube_version}"
    return found[0]
