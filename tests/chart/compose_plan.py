"""What a compose file asks of its engine, as values: the container of each service, and where it is found. Pure.

It knows what deploy/compose.yaml uses and no more of Compose than that; anything else is an error here, so that no
check passes by leaving something out.
"""

import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from tests.chart.pod_images import Image
from tests.chart.pod_plan import Mount, PodPlan

_STOP_S: Final = 10.0
# What an engine waits before it kills, unless told otherwise.
_USED: Final = {
    "cap_drop",
    "command",
    "environment",
    "image",
    "networks",
    "ports",
    "profiles",
    "read_only",
    "secrets",
    "security_opt",
    "stop_grace_period",
    "tmpfs",
    "volumes",
}
_LEFT_TO_OTHERS: Final = {"build", "healthcheck", "restart"}
_COMMAND: Final = "docker compose -f deploy/compose.yaml"


@dataclass(frozen=True)
class ComposeService:
    """A service: its container, what is mounted from the host by the volume's name, and who finds it where.

    `names` are what other services call it. `published` are ports of the container by the port on the host's loopback.
    """

    plan: PodPlan
    mounted: Mapping[str, Path]
    names: Sequence[str]
    published: Mapping[int, int]
    profiles: Sequence[str]

    @property
    def offers(self) -> set[int]:
        """Ports at which others may find it."""
        return {*self.plan.image.exposed, *self.published.values()}

    @property
    def takes(self) -> set[int]:
        """Ports that it takes at every address of its network."""
        return set() if self.plan.image.at_its_address_alone else {*self.published.values()}

    def running(self, arguments: Sequence[str]) -> "ComposeService":
        """Give it with another command, as `docker compose run` does."""
        return replace(self, plan=replace(self.plan, argv=[*self.plan.image.entrypoint, *arguments]))


def compose_services(
    document: Mapping[str, Any], folder: Path, images: Mapping[str, Image]
) -> dict[str, ComposeService]:
    """Read the services of a compose file that lies in `folder`; those whose image is not known are left out.

    `images` are by name without the tag.
    """
    return {
        name: _service(name, body, document, folder, images[image])
        for name, body in document["services"].items()
        if (image := body["image"].partition(":")[0]) in images
    }


def documented_commands(text: str) -> list[list[str]]:
    """Give the arguments of each `docker compose` that the comments of a compose file tell."""
    joined = text.replace("\\\n#", " ")
    lines = [line.removeprefix("#").strip() for line in joined.splitlines() if line.startswith("#")]
    return [shlex.split(line.removeprefix(_COMMAND)) for line in lines if line.startswith(_COMMAND)]


def _service(
    name: str, body: Mapping[str, Any], document: Mapping[str, Any], folder: Path, image: Image
) -> ComposeService:
    unknown = set(body) - _USED - _LEFT_TO_OTHERS
    assert not unknown, f"these checks do not know {', '.join(sorted(unknown))} of {name}"
    mounts, mounted, empty = [], dict[str, Path](), set[str]()
    for number, (source, path, read_only) in enumerate(_volumes(body, document)):
        volume = f"{number}"
        mounts.append(Mount(volume, path, read_only))
        if source is None:
            empty.add(volume)
        else:
            mounted[volume] = (folder / source).resolve()
    published = dict(_ports(body))
    plan = PodPlan(
        name=name,
        image=image,
        argv=[*image.entrypoint, *body.get("command", ())],
        env=body.get("environment", {}),
        hosts={},
        mounts=mounts,
        empty=frozenset(empty),
        uid=image.uid,
        gid=image.gid,
        fs_group=None,
        read_only_root=body.get("read_only", False),
        no_new_privileges="no-new-privileges:true" in body.get("security_opt", ()),
        no_capabilities="ALL" in body.get("cap_drop", ()),
        ports={str(port): port for port in published.values()},
        startup=None,
        readiness=None,
        liveness=None,
        pre_stop_s=0.0,
        grace_s=float(body["stop_grace_period"].removesuffix("s")) if "stop_grace_period" in body else _STOP_S,
    )
    aliases = body.get("networks", {}).get("default", {}).get("aliases", ())
    return ComposeService(plan, mounted, (name, *aliases), published, body.get("profiles", ()))


def _volumes(body: Mapping[str, Any], document: Mapping[str, Any]) -> Iterator[tuple[str | None, str, bool]]:
    """Give what each mount is from, None for what is empty at first, its path, and whether it is read-only."""
    for volume in body.get("volumes", ()):
        source, path, *options = volume.split(":")
        yield None if source in document["volumes"] else source, path, options == ["ro"]
    for path in body.get("tmpfs", ()):
        yield None, path, False
    for secret in body.get("secrets", ()):
        yield document["secrets"][secret]["file"], f"/run/secrets/{secret}", True


def _ports(body: Mapping[str, Any]) -> Iterator[tuple[int, int]]:
    for port in body.get("ports", ()):
        _, host, container = port.split(":")
        yield int(host), int(container)
