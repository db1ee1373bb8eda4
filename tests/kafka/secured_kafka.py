"""A real broker with a listener of each kind of security, shared by a whole session: the fixture `secured_kafka`.

    async def test_x(secured_kafka: SecuredKafka) -> None:
        secured_kafka.bootstrap                     # PLAINTEXT, everything allowed: for what a test has to prepare
        secured_kafka.at("SASL_TLS")                # host:port of a listener, see LISTENERS
        secured_kafka.passwords["worker"]           # of a user, the same for PLAIN and SCRAM
        secured_kafka.section("SASL_TLS", mechanism="PLAIN", user="worker")   # section `kafka` of a settings file
        secured_kafka.client("TLS_CLIENT", user="worker")                     # ClientOptions for bridge/kafka
        secured_kafka.token("worker")               # a signed token for OAUTHBEARER on SASL or SASL_TLS
        secured_kafka.certificates["worker"].cert   # PEM files; .key beside it; .authority.cert is the CA

The authorizer is on, and nothing is allowed unless an ACL says so. Superusers are `super` and whoever shows no name at
all (PLAINTEXT, and TLS without a client certificate). A client certificate's CN is the user's name.
"""

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bridge.app import KafkaAccess
from bridge.kafka.client_options import ClientOptions
from bridge.kafka.local.jvm import JvmKafka, start_in_jvm
from bridge.kafka.local.properties import Additions
from bridge.ops.clock import epoch_ms
from bridge.ops.settings import KafkaSettings
from tests.kafka.secured_certificates import Authority, Certificate
from tests.kafka.secured_credentials import set_scram_passwords
from tests.kafka.secured_tokens import AUDIENCE, ISSUER, TokenIssuer

LISTENERS: Final = {
    "TLS": "SSL",
    "TLS_CLIENT": "SSL",  # a client certificate is required
    "SASL": "SASL_PLAINTEXT",
    "SASL_TLS": "SASL_SSL",
    "SASL_TLS_CLIENT": "SASL_SSL",  # a client certificate is required, too
    "PLAIN_ONLY": "SASL_PLAINTEXT",  # no mechanism but PLAIN
    "TLS_EXPIRED": "SSL",  # the broker's certificate has expired
    "TLS_OTHER_NAME": "SSL",  # the broker's certificate names another host
}

PASSWORDS: Final = {
    "super": "superb, with = and a comma",
    **{user: f"password-of-{user}" for user in ("ingress", "worker", "topics", "tool", "nobody")},
}

PLAIN_SESSION_MS: Final = 1_000
# How long a login counts on PLAIN_ONLY.

_MECHANISMS: Final = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER")
_OAUTH: Final = "org.apache.kafka.common.security.oauthbearer."


@dataclass(frozen=True)
class SecuredKafka:
    """The broker, and what a client needs for each listener."""

    broker: JvmKafka
    authority: Authority
    certificates: Mapping[str, Certificate]
    issuer: TokenIssuer
    passwords: Mapping[str, str]
    folder: Path

    @property
    def bootstrap(self) -> str:
        return self.broker.bootstrap

    def at(self, listener: str) -> str:
        """Give a listener's `host:port`."""
        return self.broker.addresses[listener]

    def section(self, listener: str, *, mechanism: str = "SCRAM-SHA-512", user: str = "super") -> dict[str, str]:
        """Give section `kafka` of a settings file; the password and the certificates stand in files."""
        protocol = LISTENERS[listener]
        section = {"bootstrap_servers": self.at(listener), "security_protocol": protocol}
        if protocol.endswith("SSL"):
            section["ssl_ca_file"] = str(self.authority.cert)
        if listener in {"TLS_CLIENT", "SASL_TLS_CLIENT"}:
            shown = self.certificates[user]
            section |= {"ssl_cert_file": str(shown.cert), "ssl_key_file": str(shown.key)}
        if protocol.startswith("SASL"):
            password = self.folder / f"{user}.password"
            section |= {"sasl_mechanism": mechanism, "sasl_username": user, "sasl_password_file": str(password)}
        return section

    def client(self, listener: str, *, mechanism: str = "SCRAM-SHA-512", user: str = "super") -> ClientOptions:
        """Give what the clients of bridge/kafka are made of."""
        settings = KafkaSettings.model_validate(self.section(listener, mechanism=mechanism, user=user))
        return KafkaAccess(settings).options()

    def token(self, user: str, lifetime: float = 3600.0) -> str:
        """Give an access token that the broker takes for so many seconds from now on."""
        return self.issuer.token(user, issued=epoch_ms() / 1000, lifetime=lifetime)


@asynccontextmanager
async def start_secured_kafka(*java_options: str) -> AsyncIterator[SecuredKafka]:
    """Start the broker for a while; its JVM may have more options."""
    folder = Path(tempfile.mkdtemp(prefix="secured-kafka-"))
    try:
        authority = Authority.make(folder, "authority")
        issuer = TokenIssuer.make(folder)
        certificates = {user: authority.issue(user, subject=user) for user in PASSWORDS}
        certificates["broker"] = authority.issue("broker", subject="broker")
        certificates["expired"] = authority.issue("expired", subject="super", days=0)
        certificates["other name"] = authority.issue("other", subject="other", hosts="DNS:kafka.other.test")
        for user, password in PASSWORDS.items():
            (folder / f"{user}.password").write_text(password)
        broker = await start_in_jvm({}, print, None, _additions(authority, certificates, issuer, java_options))
        try:
            await set_scram_passwords(broker.bootstrap, PASSWORDS)
            yield SecuredKafka(broker, authority, certificates, issuer, PASSWORDS, folder)
        finally:
            await broker.stop()
    finally:
        await asyncio.to_thread(shutil.rmtree, folder)


def _additions(
    authority: Authority, certificates: Mapping[str, Certificate], issuer: TokenIssuer, java_options: Sequence[str]
) -> Additions:
    shown = {"TLS_EXPIRED": "expired", "TLS_OTHER_NAME": "other name"}
    properties = {
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "allow.everyone.if.no.acl.found": "false",
        "super.users": "User:ANONYMOUS;User:super",
        "ssl.principal.mapping.rules": "RULE:^CN=([^,]*).*$/$1/,DEFAULT",
        "listener.name.tls_client.ssl.client.auth": "required",
        "listener.name.plain_only.plain.connections.max.reauth.ms": str(PLAIN_SESSION_MS),
        "listener.name.sasl_tls_client.ssl.client.auth": "required",
    }
    for listener, protocol in LISTENERS.items():
        prefix = f"listener.name.{listener.lower()}."
        if protocol.endswith("SSL"):
            certificate = certificates[shown.get(listener, "broker")]
            properties |= {
                prefix + "ssl.keystore.type": "PEM",
                prefix + "ssl.keystore.location": str(certificate.both),
                prefix + "ssl.truststore.type": "PEM",
                prefix + "ssl.truststore.location": str(authority.cert),
            }
        if protocol.startswith("SASL"):
            mechanisms = ("PLAIN",) if listener == "PLAIN_ONLY" else _MECHANISMS
            properties |= {prefix + key: value for key, value in _sasl(mechanisms).items()}
    return Additions(LISTENERS, properties | _tokens(issuer), (_allowed(issuer), *java_options))


def _sasl(mechanisms: tuple[str, ...]) -> dict[str, str]:
    users = " ".join(f'user_{user}="{password}"' for user, password in PASSWORDS.items())
    security = "org.apache.kafka.common.security."
    modules = {
        "PLAIN": f"{security}plain.PlainLoginModule required {users};",
        "SCRAM-SHA-256": f"{security}scram.ScramLoginModule required;",
        "SCRAM-SHA-512": f"{security}scram.ScramLoginModule required;",
        "OAUTHBEARER": f"{security}oauthbearer.OAuthBearerLoginModule required;",
    }
    configured = {f"{mechanism.lower()}.sasl.jaas.config": modules[mechanism] for mechanism in mechanisms}
    if "OAUTHBEARER" in mechanisms:
        validator = _OAUTH + "OAuthBearerValidatorCallbackHandler"
        configured["oauthbearer.sasl.server.callback.handler.class"] = validator
    return {"sasl.enabled.mechanisms": ",".join(mechanisms), **configured}


def _tokens(issuer: TokenIssuer) -> dict[str, str]:
    """Give what the broker checks a token by."""
    return {
        "sasl.oauthbearer.jwks.endpoint.url": issuer.jwks.as_uri(),
        "sasl.oauthbearer.expected.audience": AUDIENCE,
        "sasl.oauthbearer.expected.issuer": ISSUER,
    }


def _allowed(issuer: TokenIssuer) -> str:
    return f"-Dorg.apache.kafka.sasl.oauthbearer.allowed.urls={issuer.jwks.as_uri()}"
