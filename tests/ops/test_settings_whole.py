"""Rules between sections, what is allowed, and that all problems come at once."""

from pathlib import Path

import pytest

from bridge.ops.settings import Role
from tests.ops.settings_problems import START, problems


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("connections: [acme]", "connections is a list: give a map of connections by name."),
        ("connections: acme", "connections is text: give a map of connections by name."),
        ("connections: {acme: the-api-key}", "connections.acme is text: give a map of keys."),
        (
            "connections: {acme: }",
            (
                "connections.acme.base_url is missing: "
                "give the URL of the vendor's API, such as https://mobili-stotele.tele2.lt/api/v2."
            ),
        ),
        ("conections: {}", "conections is an unknown key: did you mean connections?"),
        (
            "http: {}",
            "http is an unknown key: the keys at the top are kafka, topics, ingress, admin, connections.",
        ),
        ("ingress: {port: 9090}", "admin.port and ingress.port are both 9090 on one address: give two ports."),
        (
            "ingress: {port: 9090, host: '::'}\nadmin: {host: 127.0.0.1}",
            "admin.port and ingress.port are both 9090 on one address: give two ports.",
        ),
        (
            "ingress: {port: 9090, host: localhost}\nadmin: {host: localhost}",
            "admin.port and ingress.port are both 9090 on one address: give two ports.",
        ),
    ],
)
def test_top_level(tmp_path: Path, content: str, sentence: str) -> None:
    """What is wrong about whole sections is one sentence, too."""
    assert problems(tmp_path, START + content) == [sentence]


@pytest.mark.parametrize(
    "content",
    [
        "ingress: {port: 0}\nadmin: {port: 0}",
        "ingress: {port: 9090, host: 127.0.0.1}\nadmin: {host: 127.0.0.2}",
        "ingress: {public_url: 'http://localhost:8080'}",
        "ingress: {public_url: 'http://127.0.0.1:8080/'}",
        "ingress: {public_url: 'http://[::1]:8080'}",
        "topics:\ningress:\nadmin:\nconnections:\n",
        "topics: {prefix: my_app.pbx-1, replication_factor: '1'}",
        "connections: {a: {base_url: 'http://pbx/'}, a--b: {base_url: 'http://pbx/'}}",
    ],
)
def test_what_is_allowed(tmp_path: Path, content: str) -> None:
    """Two servers on free ports or two addresses, a local public URL and empty sections are in order."""
    assert problems(tmp_path, START + content) == []


def test_all_problems_are_reported_at_once(tmp_path: Path) -> None:
    """Wrong keys of all sections, rules between keys, and unknown variables come in one report."""
    content = """
kafka: {security_protocol: SASL_SSL, sasl_mechanism: OAUTH}
topics: 5
ingress: {port: 70000, body_timeout: 5}
connections:
  acme: {api_key: aaaaaaaa, webhook_secret: short}
  beta: {base_url: 'http://pbx', api_key: aaaaaaaa, webhook_secret: 0123456789abcdef}
"""
    assert problems(tmp_path, content, {"BRIDGE_PORT": "tcp://10.0.0.1:80"}, Role.ALL) == [
        (
            "BRIDGE_PORT is no setting of the bridge, but what Kubernetes injects for a Service whose name begins with "
            "bridge: set enableServiceLinks: false in the pod's specification, or remove the variable."
        ),
        "kafka.bootstrap_servers is missing: give host:port of the Kafka brokers, such as kafka-1:9092,kafka-2:9092.",
        'kafka.sasl_mechanism is "OAUTH": give PLAIN, SCRAM-SHA-256, SCRAM-SHA-512, OAUTHBEARER or AWS_MSK_IAM.',
        "topics is a number: give a map of keys.",
        "ingress.port is 70000: give a whole number from 0 to 65535.",
        "ingress.body_timeout is 5 without a unit (ms, s, m, h or d): give a duration from 100ms to 60s.",
        (
            "connections.acme.base_url is missing: "
            "give the URL of the vendor's API, such as https://mobili-stotele.tele2.lt/api/v2."
        ),
        "kafka.sasl_username is missing, but kafka.security_protocol is SASL_SSL: give the user's name.",
        (
            "kafka.sasl_password_file is missing, but kafka.security_protocol is SASL_SSL: "
            "give the path of a file, or sasl_password."
        ),
        "connections.acme.webhook_secret is shorter than 16 bytes.",
        (
            "connections.acme and connections.beta use the same API key: "
            "one key has one quota, so give each connection a key of its own."
        ),
    ]


def test_a_rule_about_a_wrong_key_is_not_asked(tmp_path: Path) -> None:
    """A misspelt protocol is one problem: what it would require or forbid is not guessed."""
    content = "kafka: {bootstrap_servers: 'a:1', security_protocol: SASL, sasl_mechanism: PLAIN, ssl_ca_file: /ca}"
    assert problems(tmp_path, content) == [
        'kafka.security_protocol is "SASL": give PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL.'
    ]
