"""Rules between keys: what must be given together, what excludes what. Pure; files are looked at in `secret_rules`."""

from collections.abc import Iterator
from ipaddress import ip_address

from bridge.ops.settings.connections import ConnectionSettings
from bridge.ops.settings.findings import Finding, both_given
from bridge.ops.settings.kafka_rules import kafka_rules
from bridge.ops.settings.model import Role, Settings
from bridge.ops.settings.pollers import COLLECTIONS, CallFilters, VoicemailFilters
from bridge.ops.settings.problems import KeyPath, Problem, dotted
from bridge.ops.settings.values import written_duration


def combinations(settings: Settings, role: Role, broken: frozenset[KeyPath]) -> list[Problem]:
    """Return what is wrong between keys; rules about the keys in `broken` are not asked."""
    found = [*kafka_rules(settings.kafka), *_servers(settings), *_presence(settings, role)]
    for name, connection in settings.connections.items():
        found += _connection(("connections", name), connection, role)
    return [Problem(keys[0], sentence) for sentence, keys in found if not any(is_broken(key, broken) for key in keys)]


def is_broken(key: KeyPath, broken: frozenset[KeyPath]) -> bool:
    """Say whether the key, a section around it, or an item in it is broken."""
    return any(key[: len(other)] == other or other[: len(key)] == key for other in broken)


def _servers(settings: Settings) -> Iterator[Finding]:
    ingress, admin = settings.ingress, settings.admin
    hosts = {ingress.host, admin.host}
    if ingress.port == admin.port != 0 and (len(hosts) == 1 or any(_is_every_address(host) for host in hosts)):
        yield Finding(
            f"admin.port and ingress.port are both {admin.port} on one address: give two ports.",
            (("admin", "port"), ("ingress", "port"), ("admin", "host"), ("ingress", "host")),
        )


def _is_every_address(host: str) -> bool:
    try:
        return ip_address(host).is_unspecified
    except ValueError:
        return False


def _presence(settings: Settings, role: Role) -> Iterator[Finding]:
    if not settings.connections and role is not Role.TOOL:
        yield Finding(
            "connections is empty: add at least one by name, with base_url, api_key_file and webhook_secret_file.",
            (("connections",),),
        )


def _connection(path: KeyPath, connection: ConnectionSettings, role: Role) -> Iterator[Finding]:
    needed = {"api_key": role in {Role.WORKER, Role.ALL}, "webhook_secret": role is not Role.TOOL}
    for name in ("api_key", "webhook_secret", "webhook_secret_previous"):
        inline, file = getattr(connection, name), getattr(connection, f"{name}_file")
        if inline is not None and file is not None:
            yield both_given(path, name)
        if inline is None and file is None and needed.get(name):
            keys = ((*path, f"{name}_file"), (*path, name))
            yield Finding(f"{dotted(keys[0])} is missing: give the path of a file, or {name}.", keys)

    reconcile, limit = connection.reconcile, connection.rate_limit
    if reconcile.rescan < reconcile.interval:
        keys = ((*path, "reconcile", "rescan"), (*path, "reconcile", "interval"))
        yield Finding(
            f"{dotted(keys[0])} is {written_duration(reconcile.rescan)}, shorter than reconcile.interval: "
            f"give at least {written_duration(reconcile.interval)}.",
            keys,
        )
    if limit.guard > limit.window:
        keys = ((*path, "rate_limit", "guard"), (*path, "rate_limit", "window"))
        yield Finding(
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
            yield Finding(f"{dotted(keys[0])} is later than filters.date_to: give an earlier time.", keys)
