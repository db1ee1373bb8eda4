"""A rendered pod as arguments of `docker run`: its command, variables and volumes, and the strictest security there is.

The security does not come from the rendering: whatever the chart renders, the image must do with this.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from tests.chart.rendering import Rendering

STRICTEST: Final = (
    *("--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges"),
    *("--network", "host"),  # of the machine that runs the tests: Kafka listens on its loopback
)
Secrets = Mapping[str, Mapping[str, str]]
"""What Secrets have, by their name and key."""


def docker_arguments(
    rendered: Rendering, kind: str, component: str, secrets: Secrets, folder: Path
) -> tuple[list[str], list[str]]:
    """Return options of `docker run`, and what follows the image; files that are mounted are written below `folder`."""
    pod = rendered.one(kind, component).pod
    assert pod is not None, f"a {kind} has pods"
    spec = pod["spec"]
    (container,) = spec["containers"]
    options = [*STRICTEST]
    for variable in container["env"]:
        options += ["--env", f"{variable['name']}={variable['value']}"]
    volumes = {volume["name"]: volume for volume in spec["volumes"]}
    for mount in container["volumeMounts"]:
        volume, place = volumes[mount["name"]], mount["mountPath"]
        if "emptyDir" in volume:
            options += ["--tmpfs", place]
            continue
        source = folder / component / volume["name"]
        for name, content in _files(rendered, volume, secrets):
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_text(content)
            (source / name).chmod(0o440)
        options += ["--volume", f"{source}:{place}:ro"]
    return options, container["args"]


def _files(rendered: Rendering, volume: Mapping[str, Any], secrets: Secrets) -> Iterator[tuple[str, str]]:
    """Name the files of a volume, and give what is in them; a key of a Secret that is not there must be optional."""
    if "configMap" in volume:
        (found,) = [one for one in rendered.of("ConfigMap") if one.name == volume["configMap"]["name"]]
        yield from found.body["data"].items()
        return
    for source in volume["projected"]["sources"]:
        secret = source["secret"]
        for item in secret["items"]:
            content = secrets[secret["name"]].get(item["key"])
            assert content is not None or secret.get("optional"), f"{item['key']} of {secret['name']} must be there"
            if content is not None:
                yield item["path"], content
