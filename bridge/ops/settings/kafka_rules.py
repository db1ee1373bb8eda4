"""Rules between the keys of section `kafka`: which way to connect and to log in needs which keys. Pure."""

from collections.abc import Iterator
from typing import Final, Literal

from bridge.ops.settings.cluster import PASSWORD_MECHANISMS, SASL_MECHANISMS, KafkaSettings
from bridge.ops.settings.findings import Finding, both_given
from bridge.ops.settings.problems import KeyPath
from bridge.ops.settings.values import alternatives

_TLS_KEYS: Final = ("ssl_ca_file", "ssl_cert_file", "ssl_key_file", "ssl_key_password", "ssl_key_password_file")
_CLIENT_KEYS: Final = (
    "sasl_oauth_client_id",
    "sasl_oauth_client_secret",
    "sasl_oauth_client_secret_file",
    "sasl_oauth_scope",
    "sasl_oauth_ca_file",
)
_Kind = Literal["password", "oauth", "msk_iam"]
_KEYS: Final[dict[_Kind, tuple[str, ...]]] = {
    "password": ("sasl_username", "sasl_password", "sasl_password_file"),
    "oauth": ("sasl_oauth_token_file", "sasl_oauth_token_url", *_CLIENT_KEYS, "sasl_oauth_extensions"),
    "msk_iam": ("sasl_aws_region",),
}
_MECHANISMS: Final[dict[_Kind, tuple[str, ...]]] = {
    "password": PASSWORD_MECHANISMS,
    "oauth": ("OAUTHBEARER",),
    "msk_iam": ("AWS_MSK_IAM",),
}


def kafka_rules(kafka: KafkaSettings) -> Iterator[Finding]:
    """Yield the rules that are broken."""
    yield from _tls(kafka)
    if kafka.uses_sasl:
        yield from _sasl(kafka)
    else:
        for name in ("sasl_mechanism", *(key for keys in _KEYS.values() for key in keys)):
            if getattr(kafka, name):
                yield Finding(
                    f"kafka.{name} is set, but kafka.security_protocol is {kafka.security_protocol}: "
                    "give SASL_PLAINTEXT or SASL_SSL there, or remove the key.",
                    _kafka(name, "security_protocol"),
                )


def _kafka(*names: str) -> tuple[KeyPath, ...]:
    return tuple(("kafka", name) for name in names)


def _tls(kafka: KafkaSettings) -> Iterator[Finding]:
    given = [name for name in _TLS_KEYS if getattr(kafka, name) is not None]
    if not kafka.uses_tls:
        if not kafka.ssl_check_hostname:
            given.append("ssl_check_hostname")
        for name in given:
            yield Finding(
                f"kafka.{name} is set, but kafka.security_protocol is {kafka.security_protocol}: "
                "give SSL or SASL_SSL there, or remove the key.",
                _kafka(name, "security_protocol"),
            )
        return
    if kafka.ssl_key_password and kafka.ssl_key_password_file:
        yield both_given(("kafka",), "ssl_key_password")
    if kafka.ssl_cert_file is None:
        for name in given:
            if name != "ssl_ca_file":
                yield Finding(
                    f"kafka.{name} is set, but kafka.ssl_cert_file is missing: give both or none.",
                    _kafka(name, "ssl_cert_file"),
                )


def _sasl(kafka: KafkaSettings) -> Iterator[Finding]:
    if kafka.sasl_mechanism is None:
        yield Finding(
            f"kafka.sasl_mechanism is missing, but kafka.security_protocol is {kafka.security_protocol}: "
            f"give {alternatives(SASL_MECHANISMS)}.",
            _kafka("sasl_mechanism", "security_protocol"),
        )
    kind = _kind(kafka)
    for other, keys in _KEYS.items():
        for name in keys if other != kind else ():
            if getattr(kafka, name):
                yield Finding(
                    f"kafka.{name} is set, but kafka.sasl_mechanism is {kafka.sasl_mechanism}: "
                    f"give {alternatives(_MECHANISMS[other])} there, or remove the key.",
                    _kafka(name, "sasl_mechanism"),
                )
    match kind:
        case "password":
            yield from _password(kafka)
        case "oauth":
            yield from _oauth(kafka)
        case "msk_iam":
            yield from _msk_iam(kafka)


def _kind(kafka: KafkaSettings) -> _Kind:
    """Say which keys the mechanism goes with; without a mechanism the keys tell what is meant."""
    if kafka.sasl_mechanism is not None:
        return next(kind for kind, names in _MECHANISMS.items() if kafka.sasl_mechanism in names)
    return next((kind for kind, keys in _KEYS.items() if any(getattr(kafka, key) for key in keys)), "password")


def _password(kafka: KafkaSettings) -> Iterator[Finding]:
    why = f"is missing, but kafka.security_protocol is {kafka.security_protocol}"
    if kafka.sasl_username is None:
        yield Finding(f"kafka.sasl_username {why}: give the user's name.", _kafka("sasl_username", "security_protocol"))
    if kafka.sasl_password and kafka.sasl_password_file:
        yield both_given(("kafka",), "sasl_password")
    if not kafka.sasl_password and not kafka.sasl_password_file:
        yield Finding(
            f"kafka.sasl_password_file {why}: give the path of a file, or sasl_password.",
            _kafka("sasl_password_file", "sasl_password", "security_protocol"),
        )


def _oauth(kafka: KafkaSettings) -> Iterator[Finding]:
    if kafka.sasl_oauth_token_url is None:
        if kafka.sasl_oauth_token_file is None:
            yield Finding(
                "kafka.sasl_oauth_token_file is missing, but kafka.sasl_mechanism is OAUTHBEARER: "
                "give the path of a file that holds a token, or sasl_oauth_token_url.",
                _kafka("sasl_oauth_token_file", "sasl_oauth_token_url", "sasl_mechanism"),
            )
        for name in _CLIENT_KEYS:
            if getattr(kafka, name):
                yield Finding(
                    f"kafka.{name} is set, but kafka.sasl_oauth_token_url is missing: give both or none.",
                    _kafka(name, "sasl_oauth_token_url"),
                )
        return
    if kafka.sasl_oauth_token_file is not None:
        yield Finding(
            "kafka.sasl_oauth_token_file and kafka.sasl_oauth_token_url are both set: give one of them.",
            _kafka("sasl_oauth_token_file", "sasl_oauth_token_url"),
        )
    if kafka.sasl_oauth_client_id is None:
        yield Finding(
            "kafka.sasl_oauth_client_id is missing, but kafka.sasl_oauth_token_url is set: give the client's id.",
            _kafka("sasl_oauth_client_id", "sasl_oauth_token_url"),
        )
    if kafka.sasl_oauth_client_secret and kafka.sasl_oauth_client_secret_file:
        yield both_given(("kafka",), "sasl_oauth_client_secret")
    if not kafka.sasl_oauth_client_secret and not kafka.sasl_oauth_client_secret_file:
        yield Finding(
            "kafka.sasl_oauth_client_secret_file is missing, but kafka.sasl_oauth_token_url is set: "
            "give the path of a file, or sasl_oauth_client_secret.",
            _kafka("sasl_oauth_client_secret_file", "sasl_oauth_client_secret", "sasl_oauth_token_url"),
        )
    if kafka.sasl_oauth_ca_file is not None and kafka.sasl_oauth_token_url.startswith("http:"):
        yield Finding(
            "kafka.sasl_oauth_ca_file is set, but kafka.sasl_oauth_token_url begins with http: "
            "give an https URL there, or remove the key.",
            _kafka("sasl_oauth_ca_file", "sasl_oauth_token_url"),
        )


def _msk_iam(kafka: KafkaSettings) -> Iterator[Finding]:
    if kafka.sasl_aws_region is None:
        yield Finding(
            "kafka.sasl_aws_region is missing, but kafka.sasl_mechanism is AWS_MSK_IAM: "
            "give the region of the cluster, such as eu-north-1.",
            _kafka("sasl_aws_region", "sasl_mechanism"),
        )
    if not kafka.uses_tls:
        yield Finding(
            f"kafka.sasl_mechanism is AWS_MSK_IAM, but kafka.security_protocol is {kafka.security_protocol}: "
            "give SASL_SSL there, since Amazon MSK takes tokens over TLS alone.",
            _kafka("sasl_mechanism", "security_protocol"),
        )
