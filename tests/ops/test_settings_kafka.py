"""Each wrong key and combination in section `kafka` gives one clear sentence."""

from pathlib import Path

import pytest

from tests.ops.settings_problems import problems

KAFKA = [
    (
        "{}",
        "kafka.bootstrap_servers is missing: give host:port of the Kafka brokers, such as kafka-1:9092,kafka-2:9092.",
    ),
    ("", "kafka.bootstrap_servers is missing: give host:port of the Kafka brokers, such as kafka-1:9092,kafka-2:9092."),
    ("text", "kafka is text: give a map of keys."),
    ("[1]", "kafka is a list: give a map of keys."),
    *(
        (
            f"{{bootstrap_servers: {given}}}",
            (
                f"kafka.bootstrap_servers is {shown}: give host:port, or several with commas between, "
                "such as kafka-1:9092,kafka-2:9092."
            ),
        )
        for given, shown in (
            ("localhost", '"localhost"'),
            ("'localhost:'", '"localhost:"'),
            ("'localhost:0'", '"localhost:0"'),
            ("'localhost:65536'", '"localhost:65536"'),
            ("'a:1,'", '"a:1,"'),
            ("'a b:1'", '"a b:1"'),
            ("'::1:9092'", '"::1:9092"'),
            ("'10.0.0.300:9092'", '"10.0.0.300:9092"'),
            ("'kafka://user:password@a:1'", '"kafka://…@a:1"'),
            ("9092", "9092"),
            ("null", "null"),
            ("true", "true"),
            ("[]", "a list"),
            ("[a, 1]", "a list"),
            ("{a: 1}", "a map"),
        )
    ),
    (
        "{bootstrap_servers: 'a:1', security_protocol: ssl}",
        'kafka.security_protocol is "ssl": give PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL.',
    ),
    (
        "{bootstrap_servers: 'a:1', security_protocol: 1}",
        "kafka.security_protocol is 1: give PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL.",
    ),
    (
        "{bootstrap_servers: 'a:1', acks: 1}",
        (
            "kafka.acks is an unknown key: the keys of kafka are bootstrap_servers, security_protocol, ssl_ca_file, "
            "ssl_cert_file, ssl_key_file, ssl_key_password, ssl_key_password_file, ssl_check_hostname, sasl_mechanism, "
            "sasl_username, sasl_password, sasl_password_file, sasl_oauth_token_file, sasl_oauth_token_url, "
            "sasl_oauth_client_id, sasl_oauth_client_secret, sasl_oauth_client_secret_file, sasl_oauth_scope, "
            "sasl_oauth_ca_file, sasl_oauth_extensions, sasl_aws_region."
        ),
    ),
    (
        "{bootstrap_servers: 'a:1', sasl_mechanisms: PLAIN}",
        "kafka.sasl_mechanisms is an unknown key: did you mean kafka.sasl_mechanism?",
    ),
    (
        "{bootstrap_servers: 'a:1', ssl_ca_file: 1}",
        "kafka.ssl_ca_file is 1: give the path of a file.",
    ),
    (
        "{bootstrap_servers: 'a:1', ssl_check_hostname: yes}",
        'kafka.ssl_check_hostname is "yes": give true or false.',
    ),
    (
        (
            "{bootstrap_servers: 'a:1', sasl_mechanism: GSSAPI, security_protocol: SASL_SSL, "
            "sasl_username: u, sasl_password: p}"
        ),
        'kafka.sasl_mechanism is "GSSAPI": give PLAIN, SCRAM-SHA-256, SCRAM-SHA-512, OAUTHBEARER or AWS_MSK_IAM.',
    ),
    (
        (
            "{bootstrap_servers: 'a:1', security_protocol: SASL_SSL, sasl_mechanism: PLAIN, sasl_username: '', "
            "sasl_password: p}"
        ),
        'kafka.sasl_username is "": give the user\'s name.',
    ),
    (
        (
            "{bootstrap_servers: 'a:1', security_protocol: SASL_SSL, sasl_mechanism: PLAIN, sasl_username: u, "
            "sasl_password: [p]}"
        ),
        "kafka.sasl_password is not text: give text, in quotes where YAML would read it as something else.",
    ),
    (
        (
            "{bootstrap_servers: 'a:1', security_protocol: SASL_SSL, sasl_mechanism: PLAIN, sasl_username: u, "
            "sasl_password: ' '}"
        ),
        "kafka.sasl_password is empty: give the secret itself, or a file that holds it.",
    ),
    *(
        (
            f"{{bootstrap_servers: 'a:1', {key}: {value}}}",
            (
                f"kafka.{key} is set, but kafka.security_protocol is PLAINTEXT: "
                "give SSL or SASL_SSL there, or remove the key."
            ),
        )
        for key, value in (
            ("ssl_ca_file", "/ca.pem"),
            ("ssl_cert_file", "/cert.pem"),
            ("ssl_key_file", "/key.pem"),
            ("ssl_key_password", "secret"),
            ("ssl_key_password_file", "/password"),
            ("ssl_check_hostname", "false"),
        )
    ),
    *(
        (
            f"{{bootstrap_servers: 'a:1', {key}: {value}}}",
            (
                f"kafka.{key} is set, but kafka.security_protocol is PLAINTEXT: "
                "give SASL_PLAINTEXT or SASL_SSL there, or remove the key."
            ),
        )
        for key, value in (
            ("sasl_mechanism", "PLAIN"),
            ("sasl_username", "u"),
            ("sasl_password", "secret"),
            ("sasl_password_file", "/password"),
        )
    ),
    (
        "{bootstrap_servers: 'a:1', security_protocol: SASL_SSL, sasl_username: u, sasl_password: p}",
        (
            "kafka.sasl_mechanism is missing, but kafka.security_protocol is SASL_SSL: "
            "give PLAIN, SCRAM-SHA-256, SCRAM-SHA-512, OAUTHBEARER or AWS_MSK_IAM."
        ),
    ),
    (
        "{bootstrap_servers: 'a:1', security_protocol: SASL_PLAINTEXT, sasl_mechanism: PLAIN, sasl_password: p}",
        "kafka.sasl_username is missing, but kafka.security_protocol is SASL_PLAINTEXT: give the user's name.",
    ),
    (
        "{bootstrap_servers: 'a:1', security_protocol: SASL_SSL, sasl_mechanism: PLAIN, sasl_username: u}",
        (
            "kafka.sasl_password_file is missing, but kafka.security_protocol is SASL_SSL: "
            "give the path of a file, or sasl_password."
        ),
    ),
    (
        (
            "{bootstrap_servers: 'a:1', security_protocol: SASL_SSL, sasl_mechanism: PLAIN, sasl_username: u, "
            "sasl_password: p, sasl_password_file: /p}"
        ),
        "kafka.sasl_password and kafka.sasl_password_file are both set: give one of them.",
    ),
    (
        "{bootstrap_servers: 'a:1', security_protocol: SSL, ssl_key_file: /key.pem}",
        "kafka.ssl_key_file is set, but kafka.ssl_cert_file is missing: give both or none.",
    ),
    (
        "{bootstrap_servers: 'a:1', security_protocol: SSL, ssl_ca_file: /no/ca.pem}",
        'kafka.ssl_ca_file is "/no/ca.pem", which does not exist.',
    ),
    (
        "{bootstrap_servers: 'a:1', security_protocol: SSL, ssl_cert_file: /no/cert.pem}",
        'kafka.ssl_cert_file is "/no/cert.pem", which does not exist.',
    ),
]


@pytest.mark.parametrize(("section", "sentence"), KAFKA)
def test_kafka(tmp_path: Path, section: str, sentence: str) -> None:
    """What is wrong in section `kafka` is one sentence."""
    assert problems(tmp_path, f"kafka: {section}") == [sentence]


def test_a_password_given_twice_does_not_hide_a_missing_certificate(tmp_path: Path) -> None:
    """What is wrong between keys and what is wrong with files is reported together."""
    keys = "security_protocol: SSL, ssl_cert_file: /no/c, ssl_key_password: p, ssl_key_password_file: /no/p"
    assert problems(tmp_path, f"kafka: {{bootstrap_servers: 'a:1', {keys}}}") == [
        "kafka.ssl_key_password and kafka.ssl_key_password_file are both set: give one of them.",
        'kafka.ssl_cert_file is "/no/c", which does not exist.',
    ]
