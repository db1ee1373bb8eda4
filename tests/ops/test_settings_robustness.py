"""Whatever is written into file and environment, the answer is a configuration or sentences, never another error."""

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.ops.secret_files import SecretFileError
from bridge.ops.settings import Role, Settings, SettingsError, load_settings
from bridge.ops.settings.variables import read_variables
from bridge.ops.settings.yaml_file import ConfigFileError, parse_config

SECRET = "sk-4f9a0c31d2e5-secret"
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.text(max_size=8),
    st.sampled_from(
        ["5s", "0s", "1KiB", "a:1", "http://a", "10.0.0.0/8", "::1", "in", "newest", "SASL_SSL", "SSL", "LT"]
    ),
)
KEYS = st.sampled_from(
    [
        "kafka",
        "topics",
        "ingress",
        "admin",
        "connections",
        "acme",
        "bootstrap_servers",
        "security_protocol",
        "sasl_username",
        "partitions",
        "events",
        "host",
        "port",
        "public_url",
        "spool",
        "path",
        "base_url",
        "allowed_ips",
        "default_region",
        "webhooks",
        "register",
        "pollers",
        "defaults",
        "call_history",
        "filters",
        "source",
        "date_from",
        "interval",
        "reconcile",
        "rescan",
        "rate_limit",
        "guard",
        "commands",
        "api_key_file",
        "x",
        "[key]",
    ]
)
TREES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=12
)
SECTIONS = st.dictionaries(
    st.sampled_from(["kafka", "topics", "ingress", "admin", "connections", "other"]),
    st.dictionaries(KEYS, TREES, max_size=5) | TREES,
)


def outcome(environ: dict[str, str], role: Role) -> Settings | tuple[str, ...]:
    try:
        return load_settings(None, environ, role)
    except SettingsError as error:
        return error.problems


@given(sections=SECTIONS, role=st.sampled_from(Role))
def test_any_tree_is_a_configuration_or_sentences(sections: dict[str, object], role: Role) -> None:
    """Any shape of map gives sentences on one line each, all different, or a valid configuration."""
    variables = {f"BRIDGE_{key.upper()}": json.dumps(value) for key, value in sections.items()}
    found = outcome(variables, role)
    if isinstance(found, tuple):
        assert found
        assert [sentence for sentence in found if "\n" in sentence or not sentence.endswith((".", "?"))] == []
        assert len(set(found)) == len(found)


@given(tree=TREES)
def test_a_secret_is_not_repeated_wherever_the_rest_is_wrong(tree: object) -> None:
    """Whatever surrounds a secret, no sentence holds it."""
    connection = {"api_key": SECRET, "webhook_secret": SECRET, "pollers": tree, "allowed_ips": tree, "x": tree}
    found = outcome({"BRIDGE_CONNECTIONS": json.dumps({"acme": connection, "b": {"api_key": [SECRET]}})}, Role.ALL)
    assert isinstance(found, tuple)
    assert [sentence for sentence in found if SECRET in sentence] == []


@given(content=st.text(max_size=60) | st.text(alphabet="ab:-[]{}&*!|>'\"#%@`,? \n\t", max_size=40))
def test_any_text_is_a_map_or_a_predicate(content: str) -> None:
    """Any text is read as a map, or refused as no configuration."""
    with suppress(ConfigFileError):
        assert isinstance(parse_config(content), dict)


@given(
    rest=st.text(alphabet="ABKX_-a1", max_size=12),
    head=st.sampled_from(["", "CONNECTIONS__", "KAFKA__", "CONNECTIONS__A__"]),
)
def test_any_name_of_a_variable_is_read_or_refused(rest: str, head: str) -> None:
    """A variable with our prefix is a key, or one problem."""
    variable = f"BRIDGE_{head}{rest}"
    read = read_variables({variable: "{}"}, frozenset({"a--b"}))
    assert len(read.problems) + len(read.sources) >= 1
    assert all(problem.sentence.startswith(variable) for problem in read.problems)


def test_a_configuration_can_be_made_of_another() -> None:
    """Typed values are accepted as they are, so a dump makes the same configuration again."""
    environ = {
        "BRIDGE_KAFKA__BOOTSTRAP_SERVERS": "a:1",
        "BRIDGE_INGRESS__TRUSTED_PROXIES": '["10.0.0.0/8"]',
        "BRIDGE_CONNECTIONS__ACME__BASE_URL": "http://a",
        "BRIDGE_CONNECTIONS__ACME__API_KEY": SECRET,
        "BRIDGE_CONNECTIONS__ACME__WEBHOOK_SECRET_FILE": "/run/secrets/hook",
        "BRIDGE_CONNECTIONS__ACME__POLLERS__VOICEMAILS__FILTERS__DATE_FROM": "2026-01-31T08:00:00+02:00",
    }
    settings = load_settings(None, environ, Role.TOOL)
    assert Settings.model_validate(settings.model_dump(by_alias=True)) == settings


def test_opening_what_is_not_configured_is_an_error() -> None:
    """A tool's configuration may lack secrets; who opens one all the same gets a predicate, not None."""
    environ = {"BRIDGE_KAFKA__BOOTSTRAP_SERVERS": "a:1", "BRIDGE_CONNECTIONS__ACME__BASE_URL": "http://a"}
    connection = load_settings(None, environ, Role.TOOL).connections["acme"]
    with pytest.raises(SecretFileError, match="is not configured"):
        connection.open_api_key()
    assert connection.open_webhook_secret_previous().current() is None
