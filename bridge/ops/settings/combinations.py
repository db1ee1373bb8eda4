"""Rules between keys: what must be given together, what excludes what. Pure; files are looked at in `secret_rules`."""

from collections.abc import Iterator
from ipaddress import ip_address
from typing import Final, NamedTuple

from bridge.ops.settings.cluster import KafkaSettings
from bridge.ops.settings.connections import ConnectionSettings
from bridge.ops.settings.model import Role, Settings
from bridge.ops.settings.pollers import COLLECTIONS, CallFilters, VoicemailFilters
from bridge.ops.settings.problems import KeyPath, Problem, dotted
from bridge.ops.settings.values import written_duration

_TLS_KEYS: Final = ("ssl_ca_file", "ssl_cert_file", "ssl_key_file", "ssl_key_password", "ssl_key_password_file")
_SASL_KEYS: Final = ("sasl_mechanism", "sasl_username", "sasl_password", "sasl_password_file")


class _Finding(NamedTuple):
    """A broken rule, and the keys it was about: a rule about a key that is wrong by itself is not reported."""

    sentence: str
    keys: tuple[KeyPath, ...]


def combinations(settings: Settings, role: Role, broken: frozenset[KeyPath]) -> list[Problem]:
    """Return what is wrong between keys; rules about the keys in `broken` are not asked."""
    found = [*_tls(settings.kafka), *_sasl(settings.kafka), *_servers(settings), *_presence(settings, role)]
    for name, connection in settings.connections.items():
        found += _connection(("connections", name), connection, role)
    return [Problem(keys[0], sentence) for sentence, keys in found if not any(is_broken(key, broken) for key in keys)]


def is_broken(key: KeyPath, broken: frozenset[KeyPath]) -> bool:
    """Say whether the key, a section around it, or an item in it is broken."""
    return any(key[: len(other)] == other or other[: len(key)] == key for other in broken)


def _kafka(*names: str) -> tuple[KeyPath, ...]:
    return tuple(("kafka", name) for name in names)


def _tls(kafka: KafkaSettings) -> Iterator[_Finding]:
    given = [name for name in _TLS_KEYS if getattr(kafka, name) is not None]
    if not kafka.uses_tls:
        if not kafka.ssl_check_hostname:
            given.append("ssl_check_hostname")
        for name in given:
            yield _Finding(
                f"kafka.{name} is set, but kafka.security_protocol is {kafka.security_protocol}: "
                "give SSL or SASL_SSL there, or remove the key.",
                _kafka(name, "security_protocol"),
            )
        return
    if kafka.ssl_key_password and kafka.ssl_key_password_file:
        yield _both(("kafka",), "ssl_key_password")
    if kafka.ssl_cert_file is None:
        for name in given:
            if name != "ssl_ca_file":
                yield _Finding(
                    f"kafka.{name} is set, but kafka.ssl_cert_file is missing: give both or none.",
                    _kafka(name, "ssl_cert_file"),
                )


def _sasl(kafka: KafkaSettings) -> Iterator[_Finding]:
    protocol = kafka.security_protocol
    if not kafka.uses_sasl:
        for name in _SASL_KEYS:
            if getattr(kafka, name) is not None:
                yield _Finding(
                    f"kafka.{name} is set, but kafka.security_protocol is {protocol}: "
                    "give SASL_PLAINTEXT or SASL_SSL there, or remove the key.",
                    _kafka(name, "security_protocol"),
                )
        return
    why = f"is missing, but kafka.security_protocol is {protocol}"
    if kafka.sasl_mechanism is None:
        sentence = f"kafka.sasl_mechanism {why}: give PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512."
        yield _Finding(sentence, _kafka("sasl_mechanism", "security_protocol"))
    if kafka.sasl_username is None:
        yield _Finding(
            f"kafka.sasl_username {why}: give the user's name.", _kafka("sasl_username", "security_protocol")
        )
    if kafka.sasl_password and kafka.sasl_password_file:
        yield _both(("kafka",), "sasl_password")
    if not kafka.sasl_password and not kafka.sasl_password_file:
        yield _Finding(
            f"kafka.sasl_password_file {why}: give the path of a file, or sasl_password.",
            _kafka("sasl_password_file", "sasl_password", "security_protocol"),
        )


def _servers(settings: Settings) -> Iterator[_Finding]:
    ingress, admin = settings.ingress, settings.admin
    hosts = {ingress.host, admin.host}
    if ingress.port == admin.port != 0 and (len(hosts) == 1 or any(_is_every_address(host) for host in hosts)):
        yield _Finding(
            f"admin.port and ingress.port are both {admin.port} on one address: give two ports.",
            (("admin", "port"), ("ingress", "port"), ("admin", "host"), ("ingress", "host")),
        )


def _is_every_address(host: str) -> bool:
    try:
        return ip_address(host).is_unspecified
    except ValueError:
        return False


def _presence(settings: Settings, role: Role) -> Iterator[_Finding]:
    if not settings.connections and role is not Role.TOOL:
        yield _Finding(
            "connections is empty: add at least one by name, with base_url, api_key_file and webhook_secret_file.",
            (("connections",),),
        )


def _connection(path: KeyPath, connection: ConnectionSettings, role: Role) -> Iterator[_Finding]:
    needed = {"api_key": role in {Role.WORKER, Role.ALL}, "webhook_secret": role is not Role.TOOL}
    for name in ("api_key", "webhook_secret", "webhook_secret_previous"):
        inline, file = getattr(connection, name), getattr(connection, f"{name}_file")
        if inline is not None and file is not None:
            yield _both(path, name)
        if inline is None and file is None and needed.get(name):
            keys = ((*path, f"{name}_file"), (*path, name))
            yield _Finding(f"{dotted(keys[0])} is missing: give the path of a file, or {name}.", keys)

    reconcile, limit = connection.reconcile, connection.rate_limit
    if reconcile.rescan < reconcile.interval:
        keys = ((*path, "reconcile", "rescan"), (*path, "reconcile", "interval"))
        yield _Finding(
            f"{dotted(keys[0])} is {written_duration(reconcile.rescan)}, shorter than reconcile.interval: "
            f"give at least {written_duration(reconcile.interval)}.",
            keys,
        )
    if limit.guard > limit.window:
        keys = ((*path, "rate_limit", "guard"), (*path, "rate_limit", "window"))
        yield _Finding(
            f"{dotted(keys[0])} is {written_duration(limit.guard)}, longer than rate_limit.window: "
            f"give at most {written_duration(limit.window)}.",
            keys,
        )
    for collection in COLLECTIONS:
        filters = getattr(connection.pollers, collection).filters
        if not isinstance(filters, CallFilters | VoicemailFilters):
            continue
        if filters.date_from and filters.date_to and filters.date_from > filters.date_to:
            around = (*path, "pollers", collection, "filters")
            keys = ((*around, "date_from"), (*around, "date_to"))
            yield _Finding(f"{dotted(keys[0])} is later than filters.date_to: give an earlier time.", keys)


def _both(path: KeyPath, name: str) -> _Finding:
    keys = ((*path, name), (*path, f"{name}_file"))
    return _Finding(f"{dotted(keys[0])} and {dotted(keys[1])} are both set: give one of them.", keys)
