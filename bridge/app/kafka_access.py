"""What of the configuration decides how Kafka is reached, and what is kept there."""

from datetime import timedelta

from bridge.app.kafka_tokens import token_provider
from bridge.kafka.access_watch import AccessWatch
from bridge.kafka.client_options import ClientOptions, SaslMechanism
from bridge.kafka.oauth_provider import TokenProvider
from bridge.kafka.topic_table import TopicOptions
from bridge.ops.settings import KafkaSettings, Settings
from bridge.ops.settings.tls_files import TlsFiles

RECORD_OVERHEAD_BYTES = 65_536
# What a record has beyond the body it came from: headers, the key, normalised numbers, a null for each absent field.
LEAST_RECORD_BYTES = 262_144
# A refused command with all its headers takes some 135 KiB in the quarantine, whatever webhooks may be as large as.


def max_record_bytes(settings: Settings) -> int:
    """Return the size of the largest record that is published, key and headers included."""
    return max(LEAST_RECORD_BYTES, settings.ingress.max_body_bytes + RECORD_OVERHEAD_BYTES)


def topic_options(settings: Settings) -> TopicOptions:
    """Return what the installation's topics are made of."""
    topics = settings.topics
    return TopicOptions(
        prefix=topics.prefix,
        replication_factor=topics.replication_factor,
        partitions={
            "events": topics.partitions.events,
            "commands": topics.partitions.commands,
            "results": topics.partitions.results,
            "quarantine": topics.partitions.quarantine,
            "admin": topics.partitions.admin,
        },
        retention_ms={
            "events": _ms(topics.retention.events),
            "commands": _ms(topics.retention.commands),
            "results": _ms(topics.retention.results),
            "quarantine": _ms(topics.retention.quarantine),
            "admin": _ms(topics.retention.admin),
        },
        shards=topics.shards,
        max_record_bytes=max_record_bytes(settings),
    )


class KafkaAccess:
    """How this process reaches Kafka, with the certificates and the password as they are now."""

    def __init__(self, settings: KafkaSettings) -> None:
        self._settings = settings
        self._password = settings.open_sasl_password()
        self._tls = TlsFiles(settings)
        self._client_secret = settings.open_oauth_client_secret()
        self._tokens = token_provider(settings, self._client_secret)
        self._watch: AccessWatch | None = None

    def watched(self) -> AccessWatch:
        """Have all clients minded from now on that are made of these options: a service is, a command is not."""
        self._watch = AccessWatch(self.options)
        if self._tokens is not None:
            self._tokens.watch()
        return self._watch

    @property
    def tokens(self) -> TokenProvider | None:
        """Whom the clients have their tokens from; None where they log in without."""
        return self._tokens

    def options(self) -> ClientOptions:
        """Return the options for a new client."""
        settings, password = self._settings, self._password.current()
        return ClientOptions(
            bootstrap_servers=settings.bootstrap_servers,
            security_protocol=settings.security_protocol,
            ssl_context=self._tls.context,
            certificate_expires_ms=self._tls.expires_ms,
            sasl_mechanism=_mechanism(settings),
            sasl_username=settings.sasl_username,
            sasl_password=None if password is None else password.decode(),
            sasl_tokens=self._tokens,
            watch=self._watch,
        )

    def refresh(self) -> None:
        """Look at the files again; what has changed counts for all clients, each time they connect anew."""
        self._client_secret.refresh()
        if self._tokens is not None:
            self._tokens.refresh()
        password, tls = self._password.refresh(), self._tls.refresh()
        if self._watch is not None and (password or tls):
            self._watch.renew()


def _mechanism(settings: KafkaSettings) -> SaslMechanism:
    """Give what the brokers are told: to them a token for Amazon MSK is one like any other."""
    if settings.sasl_mechanism == "AWS_MSK_IAM":
        return "OAUTHBEARER"
    return settings.sasl_mechanism or "SCRAM-SHA-512"


def _ms(duration: timedelta) -> int:
    return duration // timedelta(milliseconds=1)
