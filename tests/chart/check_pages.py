"""What the pages about Kubernetes and the image show is so: whoever copies from them is not led astray."""

from pathlib import Path
from typing import Final

import pytest

from tests.chart.documented import secrets_made
from tests.chart.page_problems import (
    command_problems,
    docker_problems,
    helm_problems,
    key_problems,
    kubectl_problems,
    link_problems,
    secret_problems,
    unfit,
    values_problems,
)
from tests.chart.rendering import ROOT, render

PAGES: Final = [ROOT / name for name in ("docs/kubernetes.md", "docs/image.md", "helm/bridge/README.md")]
ALL_PAGES: Final = sorted(
    path for pattern in ("*.md", "docs/*.md", "helm/bridge/*.md", "examples/*.md") for path in ROOT.glob(pattern)
)
EXAMPLES: Final = sorted((ROOT / "deploy" / "values").glob("*.yaml"))
CHECKS: Final = (
    values_problems,
    key_problems,
    command_problems,
    helm_problems,
    kubectl_problems,
    docker_problems,
    secret_problems,
)

WRONG: Final = {
    "a value that the chart does not know": "```yaml\nworker: {replica: 2}\n```",
    "a value of a wrong type": "```yaml\nworker: {replicas: two}\n```",
    "a value that changes nothing": "```yaml\nimage: {pullPolicy: IfNotPresent}\n```",
    "no YAML": "```yaml\nworker: {\n```",
    "a written file that is no values": "```sh\ncat > values.yaml <<'END'\npublicUrl: 1\nEND\n```",
    "a key in the text": "Set `topics.shard: 3`.",
    "a key that is refused and there": "| | `topics.shards` | refused: nobody wants it |",
    "an option that is none": "```sh\nbridge tail --sinse 10m\n```",
    "a command that is none": "```sh\nkubectl exec deployment/bridge-worker -- bridge tell\n```",
    "a command of the image that is none": "```sh\ndocker run --rm mobili-stotele-bridge:0.1.0 tell\n```",
    "an option in the text": "As `bridge hooks list --all-of-them` shows.",
    "a command in the text, in a pod": "With `kubectl exec deployment/bridge-worker -- bridge hook\nlist`.",
    "a file of values that is none": "```sh\nhelm install bridge helm/bridge --values deploy/values/nothing.yaml\n```",
    "another chart": "```sh\nhelm install bridge helm/bridges --values deploy/values/try.yaml\n```",
    "a command of helm": "```sh\nhelm instal bridge helm/bridge\n```",
    "a file to apply": "```sh\nkubectl apply -f deploy/kubernetes/nothing.yaml\n```",
    "an object that is none": "```sh\nkubectl wait --for=condition=Available deployment/bridge-workers\n```",
    "an argument of the build": "```sh\ndocker build -f deploy/Dockerfile --build-arg WHEEL=x .\n```",
    "a secret of the build": "```sh\nDOCKER_BUILDKIT=1 docker build --secret id=pip,src=x .\n```",
    "a Dockerfile": "```sh\ndocker build -f Dockerfile .\n```",
    "a Secret without a key": (
        "```sh\nkubectl create secret generic bridge-try --from-literal=api-key=x\n"
        "helm install bridge helm/bridge --values deploy/values/try.yaml\n```"
    ),
    "a Secret that is not made": (
        "```sh\nkubectl create secret generic bridge-kafka --from-literal=password=x\n"
        "kubectl create secret generic kafka-ca --from-file=ca.crt\n"
        "kubectl apply -f deploy/kubernetes/bridge.yaml\n```"
    ),
    "a Secret with a key too many": (
        "```sh\nkubectl create secret generic bridge-try --from-literal=api-key=x \\\n"
        "  --from-literal=webhook-secret=y --from-literal=hook-secret=z\n"
        "helm install bridge helm/bridge --values deploy/values/try.yaml\n```"
    ),
}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_what_a_page_shows_is_so(page: Path) -> None:
    """Values are the chart's, command lines exist, files and objects are there, Secrets have the keys that are read."""
    text = page.read_text()
    assert [problem for check in CHECKS for problem in check(text)] == []


@pytest.mark.parametrize("what", WRONG)
def test_what_is_wrong_with_a_page_is_seen(what: str) -> None:
    """Exactly one of the checks finds it."""
    found = [check for check in CHECKS if list(check(WRONG[what]))]
    assert len(found) == 1


@pytest.mark.parametrize("page", ALL_PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    """To files that are there, and to headings that are in them."""
    assert list(link_problems(page.read_text(), page.parent)) == []


@pytest.mark.parametrize(
    "target", ["nothing.md", "image.md#nothing", "#nothing", "../nothing/", "image.md#the-image-1"]
)
def test_a_link_that_leads_nowhere_is_seen(target: str) -> None:
    """A file, a folder or a heading that is none."""
    assert list(link_problems(f"# Page\n\n[there]({target})\n", ROOT / "docs"))
    assert list(link_problems("# Page\n\n[there](image.md#build), [here](#page)\n", ROOT / "docs")) == []


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.stem)
def test_the_secrets_of_an_example_are_those_that_it_mounts(file: Path) -> None:
    """What the comment of a file of values tells to create has the keys that its values mount."""
    assert list(unfit(secrets_made(file.read_text()), render(file))) == []
