"""Variables are the same keys as the file's, and come first."""

from ipaddress import ip_network
from pathlib import Path

import pytest

from bridge.ops.settings import Role, Settings, SettingsError, load_settings

KAFKA = {"BRIDGE_KAFKA__BOOTSTRAP_SERVERS": "kafka:9092"}


def load(environ: dict[str, str], file: Path | None = None) -> Settings:
    return load_settings(file, KAFKA | environ, Role.TOOL)


def problems(environ: dict[str, str], file: Path | None = None) -> list[str]:
    with pytest.raises(SettingsError) as raised:
        load(environ, file)
    return list(raised.value.problems)


def written(tmp_path: Path, content: str) -> Path:
    file = tmp_path / "bridge.yaml"
    file.write_text(content)
    return file


def test_the_environment_is_enough() -> None:
    """Without a file the variables say all."""
    settings = load(
        {
            "BRIDGE_TOPICS__MANAGE": "false",
            "BRIDGE_TOPICS__PARTITIONS__EVENTS": "6",
            "BRIDGE_INGRESS__PORT": "0",
            "BRIDGE_INGRESS__TRUSTED_PROXIES": '["10.0.0.0/8", "2001:db8::1"]',
            "BRIDGE_INGRESS__SPOOL__MAX_BYTES": "2GiB",
            "BRIDGE_CONNECTIONS__MY_SHOP__BASE_URL": "https://pbx.example.com/api/",
            "BRIDGE_CONNECTIONS__MY_SHOP__WEBHOOKS__EVENTS": '["CallStarted"]',
            "BRIDGE_CONNECTIONS__MY_SHOP__POLLERS__CALL_HISTORY__FILTERS__DIRECTION": "in",
            "BRIDGE_CONNECTIONS__MY_SHOP__DEFAULT_REGION": "NO",
            "HOME": "/root",
        }
    )
    assert settings.kafka.bootstrap_servers == "kafka:9092"
    assert settings.topics.manage is False
    assert settings.topics.partitions.events == 6
    assert settings.ingress.port == 0
    assert settings.ingress.trusted_proxies == (ip_network("10.0.0.0/8"), ip_network("2001:db8::1/128"))
    assert settings.ingress.spool.max_bytes == 2 << 30
    shop = settings.connections["my-shop"]
    assert (shop.base_url, shop.default_region) == ("https://pbx.example.com/api", "NO")
    assert shop.webhooks.events == ("CallStarted",)
    assert shop.pollers.call_history.filters.direction == "in"


def test_the_environment_beats_the_file(tmp_path: Path) -> None:
    """A variable changes its own key and leaves the others as the file has them."""
    file = written(tmp_path, "kafka: {bootstrap_servers: 'a:1'}\ningress: {port: 1, max_in_flight: 7}\n")
    settings = load({"BRIDGE_INGRESS__PORT": "2"}, file)
    assert (settings.kafka.bootstrap_servers, settings.ingress.port) == ("kafka:9092", 2)
    assert settings.ingress.max_in_flight == 7


def test_an_argument_beats_the_variable_that_names_the_file(tmp_path: Path) -> None:
    """`--config` counts before BRIDGE_CONFIG, which counts when no file was given."""
    named = written(tmp_path, "topics: {prefix: named}")
    given = tmp_path / "given.yaml"
    given.write_text("topics: {prefix: given}")
    assert load({"BRIDGE_CONFIG": str(named)}).topics.prefix == "named"
    assert load({"BRIDGE_CONFIG": str(named)}, given).topics.prefix == "given"
    assert load({"BRIDGE_CONFIG": ""}).topics.prefix == "pbx"


def test_maps_and_lists_are_json(tmp_path: Path) -> None:
    """A map in JSON is merged key by key, a list replaces the file's, a variable of a single key beats the map's."""
    file = written(
        tmp_path,
        "connections: {acme: {base_url: 'http://pbx', allowed_ips: [10.0.0.1], "
        "commands: {dial_ttl: 9s, max_queued: 5}}}",
    )
    settings = load(
        {
            "BRIDGE_CONNECTIONS__ACME__COMMANDS": '{"dial_ttl": "8s", "query_ttl": "7s"}',
            "BRIDGE_CONNECTIONS__ACME__COMMANDS__QUERY_TTL": "6s",
            "BRIDGE_CONNECTIONS__ACME__ALLOWED_IPS": '["10.0.0.2"]',
            "BRIDGE_CONNECTIONS": '{"beta": {"base_url": "http://beta"}}',
            "BRIDGE_CONNECTIONS__GAMMA": '{"base_url": "http://gamma"}',
        },
        file,
    )
    acme = settings.connections["acme"]
    assert [acme.commands.dial_ttl.seconds, acme.commands.query_ttl.seconds, acme.commands.max_queued] == [8, 6, 5]
    assert acme.allowed_ips == (ip_network("10.0.0.2"),)
    assert set(settings.connections) == {"acme", "beta", "gamma"}


def test_a_name_that_the_file_knows_counts_first(tmp_path: Path) -> None:
    """`A__B` is the connection `a--b` of the file; a name nobody knows is the shortest that leaves a known key."""
    file = written(tmp_path, "connections: {a--b: {base_url: 'http://file'}, a: {base_url: 'http://file'}}")
    settings = load(
        {
            "BRIDGE_CONNECTIONS__A__B__BASE_URL": "http://a--b",
            "BRIDGE_CONNECTIONS__A__BASE_URL": "http://a",
            "BRIDGE_CONNECTIONS__NEW_ONE__BASE_URL": "http://new-one",
            "BRIDGE_CONNECTIONS__X__Y__BASE_URL": "http://x--y",
        },
        file,
    )
    assert {name: one.base_url for name, one in settings.connections.items()} == {
        name: f"http://{name}" for name in ("a--b", "a", "new-one", "x--y")
    }


def test_a_known_name_that_looks_like_a_key(tmp_path: Path) -> None:
    """A connection `x--webhooks` of the file is meant by X__WEBHOOKS__BASE_URL, since `x` has no such key."""
    file = written(tmp_path, "connections: {x--webhooks: {base_url: 'http://file'}, x: {base_url: 'http://file'}}")
    settings = load({"BRIDGE_CONNECTIONS__X__WEBHOOKS__BASE_URL": "http://variable"}, file)
    assert settings.connections["x--webhooks"].base_url == "http://variable"
    assert settings.connections["x"].base_url == "http://file"


@pytest.mark.parametrize("empty", ["", "null"])
def test_null_takes_a_value_of_the_file_away(tmp_path: Path, empty: str) -> None:
    """An empty variable, or `null`, is null for a key that may be null."""
    file = written(tmp_path, "ingress: {public_url: 'https://hooks.example.com'}")
    assert load({"BRIDGE_INGRESS__PUBLIC_URL": empty}, file).ingress.public_url is None


SERVICE = (
    "{} is no setting of the bridge, but what Kubernetes injects for a Service whose name begins with bridge: "
    "set enableServiceLinks: false in the pod's specification, or remove the variable."
)
LIST = 'holds no JSON, or one key twice: give a list, such as ["a", "b"].'
MAP = 'holds no JSON, or one key twice: give a map, such as {"key": "value"}.'


@pytest.mark.parametrize(
    ("variable", "value", "sentence"),
    [
        *(
            (name, "tcp://10.0.0.1:8080", SERVICE.format(name))
            for name in (
                "BRIDGE_PORT",
                "BRIDGE_PORT_8080_TCP",
                "BRIDGE_PORT_8080_TCP_ADDR",
                "BRIDGE_SERVICE_HOST",
                "BRIDGE_SERVICE_PORT",
                "BRIDGE_SERVICE_PORT_HTTP",
                "BRIDGE_INGRESS_SERVICE_HOST",
                "BRIDGE_INGRESS_PORT",
            )
        ),
        (
            "BRIDGE_KAFKA_BOOTSTRAP_SERVERS",
            "a:1",
            "BRIDGE_KAFKA_BOOTSTRAP_SERVERS is no setting of the bridge: did you mean BRIDGE_KAFKA__BOOTSTRAP_SERVERS?",
        ),
        (
            "BRIDGE_CONNECTIONS__ACME__APIKEY",
            "the-secret",
            (
                "BRIDGE_CONNECTIONS__ACME__APIKEY is no setting of the bridge: "
                "did you mean BRIDGE_CONNECTIONS__ACME__API_KEY?"
            ),
        ),
        ("BRIDGE_CONFIG_", "a", "BRIDGE_CONFIG_ is no setting of the bridge: did you mean BRIDGE_CONFIG?"),
        (
            "BRIDGE_FOO",
            "the-secret",
            "BRIDGE_FOO is no setting of the bridge: remove it, or rename it where another program needs it.",
        ),
        (
            "BRIDGE_kafka__security_protocol",
            "SSL",
            (
                "BRIDGE_kafka__security_protocol is no setting of the bridge: "
                "remove it, or rename it where another program needs it."
            ),
        ),
        ("BRIDGE_INGRESS__TRUSTED_PROXIES", '["10.0.0.1"', f"BRIDGE_INGRESS__TRUSTED_PROXIES {LIST}"),
        (
            "BRIDGE_INGRESS__TRUSTED_PROXIES",
            "10.0.0.1",
            (
                'ingress.trusted_proxies (from BRIDGE_INGRESS__TRUSTED_PROXIES) is "10.0.0.1": '
                'give a list of addresses and networks, such as ["192.0.2.7", "10.0.0.0/8"].'
            ),
        ),
        ("BRIDGE_TOPICS", "{", f"BRIDGE_TOPICS {MAP}"),
        ("BRIDGE_TOPICS", '{"shards": 1, "shards": 2}', f"BRIDGE_TOPICS {MAP}"),
        ("BRIDGE_TOPICS", "[]", 'BRIDGE_TOPICS holds no map: give one in JSON, such as {"key": "value"}.'),
        (
            "BRIDGE_TOPICS",
            '{"shard": 1}',
            "topics.shard (from BRIDGE_TOPICS) is an unknown key: did you mean topics.shards?",
        ),
        (
            "BRIDGE_TOPICS",
            '{"shards": 1.5}',
            'topics.shards (from BRIDGE_TOPICS) is "1.5": give a whole number from 1 to 1000.',
        ),
        (
            "BRIDGE_INGRESS__PORT",
            "",
            'ingress.port (from BRIDGE_INGRESS__PORT) is "": give a whole number from 0 to 65535.',
        ),
        (
            "BRIDGE_INGRESS__BODY_TIMEOUT",
            "5",
            (
                "ingress.body_timeout (from BRIDGE_INGRESS__BODY_TIMEOUT) is 5 without a unit (ms, s, m, h or d): "
                "give a duration from 100ms to 60s."
            ),
        ),
        (
            "BRIDGE_TOPICS__MANAGE",
            "True",
            'topics.manage (from BRIDGE_TOPICS__MANAGE) is "True": give true or false.',
        ),
    ],
)
def test_wrong_variables(variable: str, value: str, sentence: str) -> None:
    """A wrong variable is named, with what may be meant; the value of an unknown one is not shown."""
    assert problems({variable: value}) == [sentence]


def test_what_a_damaged_variable_would_have_given_is_not_missed() -> None:
    """A map that is no JSON is one problem, not one more per required key in it."""
    damaged = {"BRIDGE_CONNECTIONS__ACME": '{"api_key": "the-secret"', "BRIDGE_CONNECTIONS__ACME__ALLOWED_IPS": "[]"}
    assert problems(damaged) == [f"BRIDGE_CONNECTIONS__ACME {MAP}"]
