"""Sections `kafka` and `topics`: the cluster, how to reach it, and what the bridge keeps there."""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Final, Literal

from pydantic import BeforeValidator, Field

from bridge.ops.secret_files import NoSecret, OptionalSecretSource
from bridge.ops.settings.addresses import brokers, token_url
from bridge.ops.settings.problems import unfit
from bridge.ops.settings.secret_keys import open_required, password_fault
from bridge.ops.settings.section import OptionalFile, OptionalSecret, Section, Switch
from bridge.ops.settings.values import ListOfValues, MapOfValues, duration, one_of, or_null, text, whole

SecurityProtocol = Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]
SaslMechanism = Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER", "AWS_MSK_IAM"]

PASSWORD_MECHANISMS: Final = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")
SASL_MECHANISMS: Final = (*PASSWORD_MECHANISMS, "OAUTHBEARER", "AWS_MSK_IAM")

_PREFIX: Final = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,198}[A-Za-z0-9])?", re.ASCII)
"""Kafka allows 249 characters in a topic's name; 200 leave room for the longest name behind the prefix."""

_AWS_REGION: Final = re.compile(r"[a-z]{2,8}(-[a-z]+)+-\d{1,2}", re.ASCII)
_EXTENSION_NAME: Final = re.compile(r"(?!auth\Z)[A-Za-z]+", re.ASCII)
_EXTENSION_VALUE: Final = re.compile(r"[\x20-\x7e]+", re.ASCII)
"""Kafka takes no others (RFC 7628); `auth` is the token's own."""


def _prefix(given: object) -> str:
    if isinstance(given, str) and _PREFIX.fullmatch(given):
        return given
    raise unfit("1 to 200 letters, digits, dots, hyphens and underscores, a letter or digit at both ends")


def _aws_region(given: object) -> str:
    if isinstance(given, str) and _AWS_REGION.fullmatch(given):
        return given
    raise unfit("the region of the cluster, such as eu-north-1, or null")


def _extensions(given: object) -> Mapping[str, str]:
    if given is None:
        return {}
    if isinstance(given, dict) and all(
        isinstance(name, str)
        and _EXTENSION_NAME.fullmatch(name)
        and isinstance(value, str)
        and _EXTENSION_VALUE.fullmatch(value)
        for name, value in given.items()
    ):
        return given
    raise unfit("a map of names (letters) and text, such as {logicalCluster: lkc-1, identityPoolId: pool-1}")


Partitions = Annotated[int, BeforeValidator(whole(1, 10_000))]
Retention = Annotated[timedelta, BeforeValidator(duration("1m", "3650d"))]


class KafkaSettings(Section):
    """How to reach the cluster. `bootstrap_servers` is `host:port`, several with commas."""

    bootstrap_servers: Annotated[str, BeforeValidator(brokers), ListOfValues()]
    security_protocol: Annotated[
        SecurityProtocol, BeforeValidator(one_of("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"))
    ] = "PLAINTEXT"
    ssl_ca_file: OptionalFile = None
    ssl_cert_file: OptionalFile = None
    ssl_key_file: OptionalFile = None
    ssl_key_password: OptionalSecret = None
    ssl_key_password_file: OptionalFile = None
    ssl_check_hostname: Switch = True
    sasl_mechanism: Annotated[
        SaslMechanism | None,
        BeforeValidator(or_null(one_of(*SASL_MECHANISMS))),
    ] = None
    sasl_username: Annotated[str | None, BeforeValidator(or_null(text("the user's name")))] = None
    sasl_password: OptionalSecret = None
    sasl_password_file: OptionalFile = None
    sasl_oauth_token_file: OptionalFile = None
    sasl_oauth_token_url: Annotated[str | None, BeforeValidator(or_null(token_url))] = None
    sasl_oauth_client_id: Annotated[str | None, BeforeValidator(or_null(text("the client's id")))] = None
    sasl_oauth_client_secret: OptionalSecret = None
    sasl_oauth_client_secret_file: OptionalFile = None
    sasl_oauth_scope: Annotated[str | None, BeforeValidator(or_null(text("scopes with spaces between")))] = None
    sasl_oauth_ca_file: OptionalFile = None
    sasl_oauth_extensions: Annotated[Mapping[str, str], BeforeValidator(_extensions), MapOfValues()] = Field(
        default_factory=dict
    )
    sasl_aws_region: Annotated[str | None, BeforeValidator(or_null(_aws_region))] = None

    @property
    def uses_tls(self) -> bool:
        return self.security_protocol in {"SSL", "SASL_SSL"}

    @property
    def uses_sasl(self) -> bool:
        return self.security_protocol in {"SASL_PLAINTEXT", "SASL_SSL"}

    @property
    def uses_password(self) -> bool:
        """Whether we log in with a name and a password."""
        return self.uses_sasl and self.sasl_mechanism in PASSWORD_MECHANISMS

    def open_sasl_password(self) -> OptionalSecretSource:
        """Open the SASL password, None where none is used; raise SecretFileError where it is not usable."""
        if not self.uses_password:
            return NoSecret()
        return open_required(self.sasl_password, self.sasl_password_file, password_fault)

    def open_oauth_client_secret(self) -> OptionalSecretSource:
        """Open the secret for the token endpoint, None without one; raise SecretFileError where it is not usable."""
        if self.sasl_oauth_token_url is None:
            return NoSecret()
        return open_required(self.sasl_oauth_client_secret, self.sasl_oauth_client_secret_file, password_fault)

    def open_ssl_key_password(self) -> OptionalSecretSource:
        """Open the private key's password, None where it has none; raise SecretFileError where it is not usable."""
        if self.ssl_key_password is None and self.ssl_key_password_file is None:
            return NoSecret()
        return open_required(self.ssl_key_password, self.ssl_key_password_file, password_fault)


class PartitionSettings(Section):
    """Partitions of each topic of a kind."""

    events: Partitions = 3
    commands: Partitions = 3
    results: Partitions = 3
    quarantine: Partitions = 1
    admin: Partitions = 1


class RetentionSettings(Section):
    """How long each kind of topic keeps its records; a command is worthless long before a day is over."""

    events: Retention = timedelta(days=7)
    commands: Annotated[timedelta, BeforeValidator(duration("1m", "1d"))] = timedelta(days=1)
    results: Retention = timedelta(days=7)
    quarantine: Retention = timedelta(days=14)
    admin: Retention = timedelta(days=1)


class TopicsSettings(Section):
    """The topics of one installation; `prefix` also names its consumer groups and transactional ids."""

    prefix: Annotated[str, BeforeValidator(_prefix)] = "pbx"
    replication_factor: Annotated[int, BeforeValidator(whole(1, 32_767))] = 3
    partitions: PartitionSettings = Field(default_factory=PartitionSettings)
    retention: RetentionSettings = Field(default_factory=RetentionSettings)
    manage: Switch = True
    shards: Annotated[int, BeforeValidator(whole(1, 1_000))] = 12
