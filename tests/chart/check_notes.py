"""What `helm install` prints: where webhooks come in, what is off, what to look at, and never a key."""

import re
from pathlib import Path

import pytest

from tests.chart.chart_copies import copy_of_chart
from tests.chart.rendering import SCENARIOS, Body, render

OFF_BY_DEFAULT = ("Ingress and HTTPRoute", "network policies", "alerts", "dashboards", "removal of webhooks")


@pytest.fixture
def chart(tmp_path: Path) -> Path:
    """Give a copy of the chart that renders its notes as an object: `helm template` leaves them out."""
    copy = copy_of_chart(tmp_path)
    notes = copy / "templates" / "NOTES.txt"
    text = notes.read_text()
    notes.unlink()
    wrapped = f'{{{{- define "notes" -}}}}{text}{{{{- end -}}}}\n'
    head = "apiVersion: v1\nkind: Notes\nmetadata: {name: notes}\n"
    (copy / "templates" / "notes.yaml").write_text(f'{wrapped}{head}text: {{{{ include "notes" . | toJson }}}}\n')
    return copy


def notes_of(chart: Path, *values: str | Body) -> str:
    """Give the notes of a rendering."""
    return str(render(*values, chart=chart).one("Notes").body["text"])


def test_notes_print_the_origin_and_what_is_off(chart: Path) -> None:
    """After an installation with few values one sees what one has, and what one could have."""
    notes = notes_of(chart, "minimal")
    assert "https://hooks.example.com" in notes
    assert "acme" in notes
    off = notes.partition("Off:")[2].partition("\n\n")[0]
    assert all(what in off for what in OFF_BY_DEFAULT)
    assert "Off:" not in notes_of(chart, "production", {"connections": {"closed": {"enabled": True}}})
    assert "connection closed" in notes_of(chart, "production")


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"topics": {"replicationFactor": 1}}, "replicationFactor is 1"),
        ({"kafka": {"securityProtocol": "PLAINTEXT", "tls": {"ca": {"existingSecret": ""}}}}, "in the clear"),
        ({"worker": {"replicas": 1}}, "worker has 1 pod:"),
        ({"worker": {"replicas": 99}}, "99 workers share 12 shards"),
        ({"connections": {"acme": {"config": {"allowed_ips": []}}}}, "acme takes webhooks from any address"),
        ({"networkPolicy": {"ingressFrom": []}}, "ingressFrom is empty"),
        ({"monitoring": {"monitor": {"enabled": False}}}, "alerts are on without monitoring.monitor"),
        ({"monitoring": {"rules": {"runbookUrl": "docs/runbooks.md"}}}, "runbookUrl is docs/runbooks.md"),
    ],
)
def test_notes_warn_of_what_is_dangerous(chart: Path, values: Body, words: str) -> None:
    """Each is a choice that one may make, and should know of."""
    assert words in notes_of(chart, "production", values)
    assert words not in notes_of(chart, "production")


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_notes_hold_no_secret_and_no_loose_end(scenario: str, chart: Path) -> None:
    """No key, no name of a key in a Secret, nothing that a template left behind; short lines for a terminal."""
    notes = notes_of(chart, scenario)
    assert not re.findall(r"<no value>|%!|map\[|\{\{|<nil>", notes)
    assert not re.findall(r"password|api[-_]?key|secret:|token:", notes, re.IGNORECASE)
    assert not re.search(r"/hooks/", notes), "a hook's path is a secret"
    assert max(map(len, notes.splitlines())) < 200


def test_commands_in_the_notes_name_objects_that_are_there(chart: Path) -> None:
    """What a reader copies from the notes works."""
    rendering = render("production")
    notes = notes_of(chart, "production")
    deployments = set(re.findall(r"deployment/([a-z0-9-]+)", notes))
    assert deployments == {item.name for item in rendering.of("Deployment")}
    (selector,) = re.findall(r"-l ([^\s]+)", notes)
    wanted = dict(pair.split("=") for pair in selector.split(","))
    job = rendering.one("Job", "topics")
    assert job.pod
    assert wanted.items() <= job.pod["metadata"]["labels"].items()
