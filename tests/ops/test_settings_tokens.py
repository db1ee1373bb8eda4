"""Logging in with tokens: each wrong key and combination in section `kafka` gives one clear sentence."""

from pathlib import Path

import pytest

from bridge.ops.settings import Role, describe, load_settings
from tests.ops.settings_problems import problems

OAUTH = "bootstrap_servers: 'a:1', security_protocol: SASL_SSL, sasl_mechanism: OAUTHBEARER"
ENDPOINT = f"{OAUTH}, sasl_oauth_token_url: 'https://login.test/token'"
CLIENT = f"{ENDPOINT}, sasl_oauth_client_id: bridge, sasl_oauth_client_secret: s"
IAM = "bootstrap_servers: 'a:1', security_protocol: SASL_SSL, sasl_mechanism: AWS_MSK_IAM"
PLAIN = (
    "bootstrap_servers: 'a:1', security_protocol: SASL_SSL, sasl_mechanism: PLAIN, sasl_username: u, sasl_password: p"
)
EXTENSIONS = "give a map of names (letters) and text, such as {logicalCluster: lkc-1, identityPoolId: pool-1}."

WRONG = [
    (
        OAUTH,
        (
            "kafka.sasl_oauth_token_file is missing, but kafka.sasl_mechanism is OAUTHBEARER: "
            "give the path of a file that holds a token, or sasl_oauth_token_url."
        ),
    ),
    (
        f"{CLIENT}, sasl_oauth_token_file: /token",
        "kafka.sasl_oauth_token_file and kafka.sasl_oauth_token_url are both set: give one of them.",
    ),
    (
        f"{ENDPOINT}, sasl_oauth_client_secret: s",
        "kafka.sasl_oauth_client_id is missing, but kafka.sasl_oauth_token_url is set: give the client's id.",
    ),
    (
        f"{ENDPOINT}, sasl_oauth_client_id: bridge",
        (
            "kafka.sasl_oauth_client_secret_file is missing, but kafka.sasl_oauth_token_url is set: "
            "give the path of a file, or sasl_oauth_client_secret."
        ),
    ),
    (
        f"{CLIENT}, sasl_oauth_client_secret_file: /no",
        "kafka.sasl_oauth_client_secret and kafka.sasl_oauth_client_secret_file are both set: give one of them.",
    ),
    (
        f"{ENDPOINT}, sasl_oauth_client_id: bridge, sasl_oauth_client_secret_file: /no/secret",
        'kafka.sasl_oauth_client_secret_file is "/no/secret", which does not exist.',
    ),
    (
        f"{CLIENT.replace('https:', 'http:')}, sasl_oauth_ca_file: /ca.pem",
        (
            "kafka.sasl_oauth_ca_file is set, but kafka.sasl_oauth_token_url begins with http: "
            "give an https URL there, or remove the key."
        ),
    ),
    (f"{CLIENT}, sasl_oauth_ca_file: /no/ca.pem", 'kafka.sasl_oauth_ca_file is "/no/ca.pem", which does not exist.'),
    (f"{CLIENT}, sasl_oauth_ca_file: /", 'kafka.sasl_oauth_ca_file is "/", which cannot be read (Is a directory).'),
    (
        f"{CLIENT}, sasl_oauth_ca_file: /dev/null",
        'kafka.sasl_oauth_ca_file is "/dev/null", which holds no certificates in PEM.',
    ),
    *(
        (
            f"{OAUTH}, sasl_oauth_token_file: /token, {key}: {value}",
            f"kafka.{key} is set, but kafka.sasl_oauth_token_url is missing: give both or none.",
        )
        for key, value in (
            ("sasl_oauth_client_id", "bridge"),
            ("sasl_oauth_client_secret", "s"),
            ("sasl_oauth_client_secret_file", "/no"),
            ("sasl_oauth_scope", "kafka"),
            ("sasl_oauth_ca_file", "/no"),
        )
    ),
    *(
        (
            f"{PLAIN}, {key}: {value}",
            f"kafka.{key} is set, but kafka.sasl_mechanism is PLAIN: give {other} there, or remove the key.",
        )
        for key, value, other in (
            ("sasl_oauth_token_file", "/token", "OAUTHBEARER"),
            ("sasl_oauth_token_url", "'https://login.test'", "OAUTHBEARER"),
            ("sasl_oauth_extensions", "{logicalCluster: lkc-1}", "OAUTHBEARER"),
            ("sasl_aws_region", "eu-north-1", "AWS_MSK_IAM"),
        )
    ),
    *(
        (
            f"{OAUTH}, sasl_oauth_token_file: /token, {key}: {value}",
            (
                f"kafka.{key} is set, but kafka.sasl_mechanism is OAUTHBEARER: "
                "give PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512 there, or remove the key."
            ),
        )
        for key, value in (("sasl_username", "u"), ("sasl_password", "p"), ("sasl_password_file", "/no"))
    ),
    (
        OAUTH.replace("sasl_mechanism: OAUTHBEARER", "sasl_oauth_token_file: /token"),
        (
            "kafka.sasl_mechanism is missing, but kafka.security_protocol is SASL_SSL: "
            "give PLAIN, SCRAM-SHA-256, SCRAM-SHA-512, OAUTHBEARER or AWS_MSK_IAM."
        ),
    ),
    (
        "bootstrap_servers: 'a:1', sasl_oauth_token_file: /token",
        (
            "kafka.sasl_oauth_token_file is set, but kafka.security_protocol is PLAINTEXT: "
            "give SASL_PLAINTEXT or SASL_SSL there, or remove the key."
        ),
    ),
    (
        IAM,
        (
            "kafka.sasl_aws_region is missing, but kafka.sasl_mechanism is AWS_MSK_IAM: "
            "give the region of the cluster, such as eu-north-1."
        ),
    ),
    (
        f"{IAM.replace('SASL_SSL', 'SASL_PLAINTEXT')}, sasl_aws_region: eu-north-1",
        (
            "kafka.sasl_mechanism is AWS_MSK_IAM, but kafka.security_protocol is SASL_PLAINTEXT: "
            "give SASL_SSL there, since Amazon MSK takes tokens over TLS alone."
        ),
    ),
    (
        f"{IAM}, sasl_aws_region: Stockholm",
        'kafka.sasl_aws_region is "Stockholm": give the region of the cluster, such as eu-north-1, or null.',
    ),
    *(
        (
            CLIENT.replace("'https://login.test/token'", given),
            (
                f"kafka.sasl_oauth_token_url is {shown}: give an http or https URL without user, query and fragment, "
                "such as https://login.example.com/token."
            ),
        )
        for given, shown in (
            ("login.test", '"login.test"'),
            ("'https://login.test/token?a=b'", '"https://login.test/token?…"'),
            ("'https://me:secret@login.test'", '"https://…@login.test"'),
            ("1", "1"),
        )
    ),
    *(
        (f"{CLIENT}, sasl_oauth_extensions: {given}", f"kafka.sasl_oauth_extensions is {shown}: {EXTENSIONS}")
        for given, shown in (
            ("text", '"text"'),
            ("[a]", "a list"),
            ("{auth: Bearer}", "a map"),
            ("{logical-cluster: lkc-1}", "a map"),
            ("{a: ''}", "a map"),
            ("{a: 1}", "a map"),
            ("{a: ä}", "a map"),
        )
    ),
]


@pytest.mark.parametrize(("section", "sentence"), WRONG)
def test_what_is_wrong(tmp_path: Path, section: str, sentence: str) -> None:
    """What is wrong with the keys for tokens is one sentence."""
    assert problems(tmp_path, f"kafka: {{{section}}}") == [sentence]


@pytest.mark.parametrize(
    "section",
    [
        f"{OAUTH}, sasl_oauth_token_file: /not/there/yet",
        CLIENT,
        f"{CLIENT}, sasl_oauth_scope: 'kafka offline', sasl_oauth_extensions: {{logicalCluster: lkc-1}}",
        f"{CLIENT}, sasl_oauth_extensions: null",
        f"{CLIENT.replace('https:', 'http:').replace('SASL_SSL', 'SASL_PLAINTEXT')}",
        f"{IAM}, sasl_aws_region: us-gov-west-1",
    ],
)
def test_what_is_right(tmp_path: Path, section: str) -> None:
    """A token's file may come later than the bridge, since something else writes it."""
    assert problems(tmp_path, f"kafka: {{{section}}}") == []


def test_extensions_come_by_file_and_variable(tmp_path: Path) -> None:
    """The variable is a map in JSON, merged into the file's; the names keep their upper case."""
    file = tmp_path / "bridge.yaml"
    file.write_text(f"kafka: {{{CLIENT}, sasl_oauth_extensions: {{logicalCluster: lkc-1, identityPoolId: pool-1}}}}")
    environ = {"BRIDGE_KAFKA__SASL_OAUTH_EXTENSIONS": '{"identityPoolId": "pool-2"}'}
    settings = load_settings(file, environ, Role.TOOL)
    assert settings.kafka.sasl_oauth_extensions == {"logicalCluster": "lkc-1", "identityPoolId": "pool-2"}
    assert "kafka.sasl_oauth_extensions = logicalCluster=lkc-1, identityPoolId=pool-2" in describe(settings)
    assert "kafka.sasl_oauth_client_secret = set" in describe(settings)


def test_the_extra_for_msk_must_be_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without AWS's signer the sentence says what to install, before anything starts."""
    monkeypatch.setattr("bridge.ops.settings.secret_rules._MSK_SIGNER", "no_such_library")
    assert problems(tmp_path, f"kafka: {{{IAM}, sasl_aws_region: eu-north-1}}") == [
        (
            "kafka.sasl_mechanism is AWS_MSK_IAM, which needs a library that is not installed: "
            "install the bridge with its extra msk-iam (requirements/runtime-msk-iam.txt)."
        )
    ]
