"""The contract's example means what the contract says, and what it leaves out has the contract's values."""

import json
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from pathlib import Path

import pytest
from pydantic import ValidationError

from bridge.ops.settings import COLLECTIONS, WEBHOOK_EVENTS, Role, Settings, describe, load_settings

EXAMPLE = """
kafka:
  bootstrap_servers: localhost:9092
  security_protocol: PLAINTEXT
topics:
  prefix: pbx
  replication_factor: 3
  partitions: {events: 3, commands: 3, results: 3, quarantine: 1, admin: 1}
  retention: {events: 7d, commands: 1d, results: 7d, quarantine: 14d, admin: 1d}
  manage: true
  shards: 12
ingress:
  host: 0.0.0.0
  port: 8080
  public_url: https://hooks.example.com
  max_body_bytes: 262144
  body_timeout: 5s
  publish_deadline: 1500ms
  max_in_flight: 1024
  trusted_proxies: []
  spool: {path: null, max_bytes: 1GiB}
admin: {host: 0.0.0.0, port: 9090}
connections:
  acme:
    base_url: https://mobili-stotele.tele2.lt/api/v2
    api_key_file: /run/secrets/acme/api-key
    webhook_secret_file: /run/secrets/acme/webhook-secret
    webhook_secret_previous_file: null
    allowed_ips: []
    default_region: LT
    webhooks: {register: true, events: all}
    pollers:
      defaults: {enabled: true, interval: 60s, start: newest}
      call_history: {interval: 30s, filters: {direction: in}}
    reconcile: {enabled: true, interval: 60s, grace: 2m, rescan: 4h}
    rate_limit: {calls: 100, window: 60s, guard: 250ms}
    commands: {dial_ttl: 30s, query_ttl: 60s, max_queued: 100}
"""


def load(tmp_path: Path, content: str) -> Settings:
    file = tmp_path / "bridge.yaml"
    file.write_text(content)
    return load_settings(file, {}, Role.TOOL)


def test_the_example(tmp_path: Path) -> None:
    """Each key of the contract's example arrives as a typed value: durations, bytes, paths."""
    settings = load(tmp_path, EXAMPLE)
    assert settings.kafka.bootstrap_servers == "localhost:9092"
    assert settings.topics.retention.quarantine == timedelta(days=14)
    assert settings.ingress.public_url == "https://hooks.example.com"
    assert settings.ingress.publish_deadline == timedelta(milliseconds=1500)
    assert settings.ingress.spool.max_bytes == 1 << 30
    acme = settings.connections["acme"]
    assert acme.api_key_file == Path("/run/secrets/acme/api-key")
    assert acme.webhooks.register_ is True
    assert acme.webhooks.events == WEBHOOK_EVENTS
    assert acme.pollers.call_history.interval == timedelta(seconds=30)
    assert acme.pollers.call_history.filters.direction == "in"
    assert acme.rate_limit.guard == timedelta(milliseconds=250)


def test_the_defaults_are_those_of_the_example(tmp_path: Path) -> None:
    """Leaving out all that has a default is the same as writing the example's values."""
    short = """
kafka: {bootstrap_servers: 'localhost:9092'}
ingress: {public_url: 'https://hooks.example.com/'}
connections:
  acme:
    base_url: https://mobili-stotele.tele2.lt/api/v2/
    api_key_file: /run/secrets/acme/api-key
    webhook_secret_file: /run/secrets/acme/webhook-secret
    default_region: LT
    pollers: {call_history: {interval: 30s, filters: {direction: in}}}
"""
    assert load(tmp_path, short) == load(tmp_path, EXAMPLE)


def test_pollers_inherit_their_defaults(tmp_path: Path) -> None:
    """What a collection does not say is what `defaults` says; what it says wins."""
    pollers = (
        "{defaults: {enabled: false, interval: 90s, start: oldest}, groups: {enabled: true, start: 17}, contacts: }"
    )
    content = f"kafka: {{bootstrap_servers: 'a:1'}}\nconnections: {{a: {{base_url: 'http://a', pollers: {pollers}}}}}"
    found = load(tmp_path, content).connections["a"].pollers
    by_name = {name: getattr(found, name) for name in COLLECTIONS}
    assert len(by_name) == 8
    assert {one.interval for one in by_name.values()} == {timedelta(seconds=90)}
    assert [name for name, one in by_name.items() if one.enabled] == ["groups"]
    assert [one.start for one in by_name.values()] == ["oldest", "oldest", "oldest", "oldest", 17, *["oldest"] * 3]


@pytest.mark.parametrize(
    ("key", "written", "value"),
    [
        ("body_timeout", "1500ms", timedelta(milliseconds=1500)),
        ("body_timeout", "1.5s", timedelta(milliseconds=1500)),
        ("body_timeout", "0.5m", timedelta(seconds=30)),
        ("body_timeout", "60s", timedelta(seconds=60)),
        ("max_body_bytes", "1024", 1024),
        ("max_body_bytes", "'1024'", 1024),
        ("max_body_bytes", "512KiB", 524288),
        ("trusted_proxies", "[10.0.0.1, '2001:db8::/32']", (ip_network("10.0.0.1"), ip_network("2001:db8::/32"))),
        ("public_url", "HTTPS://Hooks.Example.com:8443/", "https://hooks.example.com:8443"),
        ("host", "'::'", "::"),
        ("port", "'0'", 0),
    ],
)
def test_spellings(tmp_path: Path, key: str, written: str, value: object) -> None:
    """Durations may have a fraction, sizes may be plain bytes, numbers quotes; slashes at the end are dropped."""
    settings = load(tmp_path, f"kafka: {{bootstrap_servers: 'a:1'}}\ningress: {{{key}: {written}}}")
    assert getattr(settings.ingress, key) == value


@pytest.mark.parametrize(
    ("written", "value"),
    [("'a:1, b:2'", "a:1,b:2"), ("['a:1', '[::1]:9092']", "a:1,[::1]:9092"), ("10.0.0.1:9092", "10.0.0.1:9092")],
)
def test_brokers(tmp_path: Path, written: str, value: str) -> None:
    """Brokers may be text with commas or a list; the result has commas."""
    assert load(tmp_path, f"kafka: {{bootstrap_servers: {written}}}").kafka.bootstrap_servers == value


def test_filters_take_numbers_and_times(tmp_path: Path) -> None:
    """A telephone number may be written without quotes, a time has an offset."""
    filters = "{source: 37060000000, destination: +37060000001, contact_id: '7', date_from: 2026-01-31T08:00:00Z}"
    pollers = f"{{call_records: {{filters: {filters}}}}}"
    content = f"kafka: {{bootstrap_servers: 'a:1'}}\nconnections: {{a: {{base_url: 'http://a', pollers: {pollers}}}}}"
    found = load(tmp_path, content).connections["a"].pollers.call_records.filters
    assert (found.source, found.destination, found.contact_id) == ("37060000000", "+37060000001", 7)
    assert found.date_from == datetime(2026, 1, 31, 8, tzinfo=UTC)


def test_settings_are_frozen(tmp_path: Path) -> None:
    """Nobody changes the configuration after it was validated."""
    settings = load(tmp_path, EXAMPLE)
    with pytest.raises(ValidationError):
        settings.ingress.port = 1  # type: ignore[misc]  # what must not be possible


def test_a_dump_is_plain_json(tmp_path: Path) -> None:
    """The configuration in force can be dumped as JSON, in the contract's keys."""
    dumped = json.loads(load(tmp_path, EXAMPLE).model_dump_json(by_alias=True))
    assert dumped["connections"]["acme"]["webhooks"]["register"] is True
    assert dumped["topics"]["retention"]["commands"] == "P1D"


def test_the_description_has_every_key(tmp_path: Path) -> None:
    """`describe` writes a line per key, with the values in force in the spelling of the file."""
    lines = describe(load(tmp_path, EXAMPLE))
    expected = {
        "kafka.bootstrap_servers = localhost:9092",
        "kafka.sasl_password = not set",
        "topics.manage = true",
        "topics.retention.quarantine = 14d",
        "ingress.publish_deadline = 1500ms",
        "ingress.max_body_bytes = 256KiB",
        "ingress.trusted_proxies = none",
        "ingress.spool.path = not set",
        "connections.acme.api_key_file = file /run/secrets/acme/api-key",
        "connections.acme.webhooks.register = true",
        "connections.acme.webhooks.events = all",
        "connections.acme.pollers.call_history.interval = 30s",
        "connections.acme.reconcile.rescan = 4h",
        "connections.acme.rate_limit.guard = 250ms",
    }
    assert expected <= set(lines)
    assert all(" = " in line for line in lines)
    assert "connections.a.reconcile.grace = 0s" in describe(
        load(
            tmp_path,
            "kafka: {bootstrap_servers: 'a:1'}\nconnections: {a: {base_url: 'http://a', reconcile: {grace: 0s}}}",
        )
    )
