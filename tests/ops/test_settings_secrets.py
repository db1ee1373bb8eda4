"""Secrets: which role reads which, and that none is ever shown."""

import json
import traceback
from pathlib import Path

import pytest

from bridge.ops.settings import Role, Settings, SettingsError, describe, load_settings
from bridge.ops.settings.problems import quoted

KEY = "sk-4f9a0c31d2"
HOOK = "0123456789abcdef-hook"
OLD = "0123456789abcdef-old"
NO_KEY = "holds spaces or characters that no API key has (give the key alone, without the word Bearer)"
EVERY_ROLE = list(Role)
KAFKA = "kafka: {bootstrap_servers: 'a:1'}\n"


def load(tmp_path: Path, content: str, role: Role) -> Settings:
    file = tmp_path / "bridge.yaml"
    file.write_text(content)
    return load_settings(file, {}, role)


def problems(tmp_path: Path, content: str, role: Role) -> list[str]:
    try:
        load(tmp_path, content, role)
    except SettingsError as error:
        return list(error.problems)
    return []


def connection(**keys: object) -> str:
    return KAFKA + f"connections: {json.dumps({'acme': {'base_url': 'http://pbx', **keys}})}\n"


@pytest.mark.parametrize("role", EVERY_ROLE)
def test_a_role_needs_only_the_secrets_that_it_uses(tmp_path: Path, role: Role) -> None:
    """The ingress needs no API key, a tool no secret of a connection; the missing file of another role is no error."""
    content = connection(api_key_file="/no/api-key", webhook_secret_file="/no/hook")
    key = 'connections.acme.api_key_file is "/no/api-key", which does not exist.'
    hook = 'connections.acme.webhook_secret_file is "/no/hook", which does not exist.'
    expected = {Role.INGRESS: [hook], Role.WORKER: [hook, key], Role.ALL: [hook, key], Role.TOOL: []}[role]
    assert problems(tmp_path, content, role) == expected


@pytest.mark.parametrize("role", EVERY_ROLE)
def test_secrets_that_are_not_configured(tmp_path: Path, role: Role) -> None:
    """A secret that the role uses must be configured."""
    key = "connections.acme.api_key_file is missing: give the path of a file, or api_key."
    hook = "connections.acme.webhook_secret_file is missing: give the path of a file, or webhook_secret."
    expected = {Role.INGRESS: [hook], Role.WORKER: [key, hook], Role.ALL: [key, hook], Role.TOOL: []}[role]
    assert problems(tmp_path, connection(), role) == expected


@pytest.mark.parametrize("role", [Role.INGRESS, Role.WORKER, Role.ALL])
def test_a_service_needs_a_connection(tmp_path: Path, role: Role) -> None:
    """The service without a connection would do nothing, so it says what to add."""
    assert problems(tmp_path, KAFKA, role) == [
        "connections is empty: add at least one by name, with base_url, api_key_file and webhook_secret_file."
    ]


def test_secrets_come_inline_or_by_file(tmp_path: Path) -> None:
    """White space around a secret is dropped; a missing or empty previous secret is none."""
    files = {"key": f"  {KEY}\n", "hook": f"{HOOK}\r\n", "old": ""}
    for name, content in files.items():
        (tmp_path / name).write_text(content)
    by_file = connection(
        api_key_file=str(tmp_path / "key"),
        webhook_secret_file=str(tmp_path / "hook"),
        webhook_secret_previous_file=str(tmp_path / "old"),
    )
    inline = connection(api_key=f" {KEY} ", webhook_secret=HOOK, webhook_secret_previous=OLD)
    filed, given = (load(tmp_path, content, Role.ALL).connections["acme"] for content in (by_file, inline))
    assert filed.open_api_key().current() == given.open_api_key().current() == KEY.encode()
    assert filed.open_webhook_secret().current() == given.open_webhook_secret().current() == HOOK.encode()
    assert filed.open_webhook_secret_previous().current() is None
    assert given.open_webhook_secret_previous().current() == OLD.encode()


@pytest.mark.parametrize(
    ("keys", "sentence"),
    [
        (
            {"api_key": KEY, "api_key_file": "/no"},
            "connections.acme.api_key and connections.acme.api_key_file are both set: give one of them.",
        ),
        (
            {"api_key": f"Bearer {KEY}"},
            f"connections.acme.api_key {NO_KEY}.",
        ),
        ({"webhook_secret": "0123456789abcde"}, "connections.acme.webhook_secret is shorter than 16 bytes."),
        ({"webhook_secret_previous": "short"}, "connections.acme.webhook_secret_previous is shorter than 16 bytes."),
        (
            {"webhook_secret_previous": OLD, "webhook_secret_previous_file": "/no"},
            (
                "connections.acme.webhook_secret_previous and connections.acme.webhook_secret_previous_file "
                "are both set: give one of them."
            ),
        ),
        ({"api_key": None, "api_key_file": KEY}, "connections.acme.api_key_file names a file that does not exist."),
    ],
)
def test_unusable_secrets(tmp_path: Path, keys: dict[str, object], sentence: str) -> None:
    """What makes a secret unusable is said without the secret, also where it was given in place of its file."""
    content = connection(**{"api_key": KEY, "webhook_secret": HOOK, **keys})
    assert problems(tmp_path, content, Role.ALL) == [sentence]


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"", "is empty"),
        (b" \n", "is empty"),
        (b"a b", None),
        (b"x" * 65_537, "is larger than 64 KiB"),
        (b"\xff", None),
    ],
)
def test_unusable_secret_files(tmp_path: Path, content: bytes, fault: str | None) -> None:
    """A file that holds no usable key is named with what is wrong."""
    file = tmp_path / "key"
    file.write_bytes(content)
    fault = fault or NO_KEY
    found = problems(tmp_path, connection(api_key_file=str(file), webhook_secret=HOOK), Role.WORKER)
    assert found == [f"connections.acme.api_key_file is {quoted(str(file))}, which {fault}."]


def test_one_key_is_one_connection(tmp_path: Path) -> None:
    """Two connections with one API key are refused where the role reads keys, by file or inline; one vendor is fine."""
    (tmp_path / "key").write_text(KEY)
    acme = f"{{base_url: 'http://pbx', webhook_secret: {HOOK}, api_key_file: '{tmp_path}/key'}}"
    beta = f"{{base_url: 'http://pbx', webhook_secret: {HOOK}, api_key: {KEY}}}"
    content = f"{KAFKA}connections: {{acme: {acme}, beta: {beta}}}"
    assert problems(tmp_path, content, Role.WORKER) == [
        (
            "connections.acme and connections.beta use the same API key: "
            "one key has one quota, so give each connection a key of its own."
        )
    ]
    assert set(load(tmp_path, content, Role.INGRESS).connections) == {"acme", "beta"}


@pytest.mark.parametrize("role", EVERY_ROLE)
def test_kafka_password_is_read_by_every_role(tmp_path: Path, role: Role) -> None:
    """Every role talks to Kafka, so its password must be there."""
    content = connection(api_key=KEY, webhook_secret=HOOK).replace(
        "'a:1'",
        "'a:1', security_protocol: SASL_PLAINTEXT, sasl_mechanism: PLAIN, sasl_username: u, "
        f"sasl_password_file: '{tmp_path}/password'",
    )
    assert problems(tmp_path, content, role) == [
        f"kafka.sasl_password_file is {quoted(f'{tmp_path}/password')}, which does not exist."
    ]
    (tmp_path / "password").write_text("open sesame\n")
    assert load(tmp_path, content, role).kafka.open_sasl_password().current() == b"open sesame"


def test_no_secret_is_ever_shown(tmp_path: Path) -> None:
    """Neither a repr, a dump, a description nor an error with its traceback shows a secret."""
    content = connection(api_key=KEY, webhook_secret=HOOK, webhook_secret_previous=OLD)
    settings = load(tmp_path, content, Role.ALL)
    shown = [repr(settings), str(settings), str(settings.model_dump()), settings.model_dump_json(), *describe(settings)]
    wrong = [
        content.replace('"base_url": "http://pbx"', '"base_url": 1'),
        content.replace('"api_key"', '"apikey"'),
        content.replace(f'"{KEY}"', f'["{KEY}"]'),
        content.replace(f'"{HOOK}"', f'{{"{HOOK}": 1}}').replace(HOOK, "x"),
        f"{KAFKA}connections: {{acme: {KEY}}}",
        f"{KAFKA}connections: {{acme: {{api_key:{KEY}}}}}",
        f"{KAFKA}connections: {{acme: {{api_key: *{KEY}}}}}",
        f"{KAFKA}connections: {{acme: {{api_key: !{KEY} x}}}}",
        f"kafka: {KEY}",
    ]
    for text in wrong:
        with pytest.raises(SettingsError) as raised:
            load(tmp_path, text, Role.ALL)
        shown += [repr(raised.value), "".join(traceback.format_exception(raised.value))]
        assert raised.value.__context__ is None
    with pytest.raises(ValueError, match="base_url") as invalid:
        Settings.model_validate({"kafka": {"bootstrap_servers": "a:1"}, "connections": {"acme": {"api_key": KEY}}})
    shown += [str(invalid.value), repr(invalid.value)]
    assert [text for text in shown for secret in (KEY, HOOK, OLD) if secret in text] == []
