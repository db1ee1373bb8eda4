"""One installation for the containers of a test: what the chart renders for a Kafka and a vendor on loopback."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bridge.kafka.local.ports import free_ports
from tests.chart.image_pod import docker_arguments
from tests.chart.rendering import Rendering, render

API_KEY: Final = "the-key-of-the-image"
SECRETS: Final = {"bridge-acme": {"api-key": API_KEY, "webhook-secret": "a secret for the image's tests alone"}}
LOOPBACK: Final = "127.0.0.1"


@dataclass(frozen=True)
class Installation:
    """Rendered objects, and the ports that their processes listen on."""

    rendered: Rendering
    folder: Path
    vendor: int
    hooks: int
    admin: Mapping[str, int]

    @classmethod
    def at(cls, bootstrap: str, prefix: str, folder: Path) -> "Installation":
        """Render an installation of its own: `prefix` keeps its topics apart."""
        vendor, hooks, ingress, worker = free_ports(4)
        values = {
            "publicUrl": "https://hooks.example.com",
            "connections": {
                "acme": {
                    "baseUrl": f"http://{LOOPBACK}:{vendor}/api/v2",
                    "credentials": {"existingSecret": "bridge-acme"},
                    # The simulator would call the public URL, which is not ours.
                    "config": {"webhooks": {"register": False}},
                }
            },
            "kafka": {"bootstrapServers": bootstrap, "securityProtocol": "PLAINTEXT"},
            "topics": {"prefix": prefix, "replicationFactor": 1, "shards": 2},
            "config": {"ingress": {"host": LOOPBACK, "port": hooks}, "admin": {"host": LOOPBACK}},
            # Both are in one network here, so each admin server needs a port of its own.
            "ingress": {"extraEnv": [{"name": "BRIDGE_ADMIN__PORT", "value": str(ingress)}]},
            "worker": {"extraEnv": [{"name": "BRIDGE_ADMIN__PORT", "value": str(worker)}]},
        }
        return cls(render(values), folder, vendor, hooks, {"ingress": ingress, "worker": worker})

    def arguments(self, component: str) -> tuple[list[str], list[str]]:
        """Return options of `docker run`, and what follows the image, of a component: ingress, worker or topics."""
        kind = "Job" if component == "topics" else "Deployment"
        return docker_arguments(self.rendered, kind, component, SECRETS, self.folder)

    def probe(self, component: str, which: str) -> str:
        """Return the URL of a rendered probe, such as `readiness`."""
        (container,) = self.rendered.one("Deployment", component).containers
        path = container[f"{which}Probe"]["httpGet"]["path"]
        return f"http://{LOOPBACK}:{self.admin[component]}{path}"

    def seconds_to_stop(self, component: str) -> float:
        """Return how long Kubernetes waits after SIGTERM: the grace period without the pause before it."""
        deployment = self.rendered.one("Deployment", component)
        (container,) = deployment.containers
        pause = container.get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0)
        return float(deployment.body["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] - pause)
