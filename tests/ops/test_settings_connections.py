"""Each wrong key and combination of a connection gives one clear sentence."""

from pathlib import Path

import pytest

from bridge.ops.settings import COLLECTIONS
from tests.ops.settings_problems import NO_NETWORKS, START, duration, nested, problems, whole

EVENTS = (
    "CallStarted, CallConnected, CallCompleted, CallTransfered, CallRecorded, LostCallerAdded, LostCallerUpdated, "
    "LostCallerRemoved, VoicemailCreated or VoicemailDeleted"
)


CONNECTION = [
    *(
        (
            "base_url",
            given,
            (
                f"is {shown}: give an http or https URL without user, query and fragment, "
                "such as https://pbx.example.com/api/v2."
            ),
        )
        for given, shown in (
            ("pbx.example.com", '"pbx.example.com"'),
            ("wss://pbx.example.com", '"wss://pbx.example.com"'),
            ("https:///api", '"https:///api"'),
            ("'https://pbx.example.com/api?key=abc'", '"https://pbx.example.com/api?…"'),
            ("'https://key@pbx.example.com'", '"https://…@pbx.example.com"'),
            ("null", "null"),
            ("1", "1"),
        )
    ),
    ("api_key", "true", "is not text: give text, in quotes where YAML would read it as something else."),
    ("api_key", "''", "is empty: give the secret itself, or a file that holds it."),
    ("api_key_file", "''", 'is "": give the path of a file.'),
    ("webhook_secret", "{a: b}", "is not text: give text, in quotes where YAML would read it as something else."),
    ("webhook_secret_previous", "[a]", "is not text: give text, in quotes where YAML would read it as something else."),
    *(("allowed_ips", given, sentence) for given, sentence in NO_NETWORKS),
    *(
        (
            "default_region",
            given,
            (
                f"is {shown}: "
                "give a country code of two upper-case letters that has telephone numbers, such as LT, or null."
            ),
        )
        for given, shown in (("lt", '"lt"'), ("LTU", '"LTU"'), ("XX", '"XX"'), ("370", "370"), ("true", "true"))
    ),
    ("webhooks", "all", "is text: give a map of keys."),
    ("webhooks.register", "yes", 'is "yes": give true or false.'),
    ("webhooks.events", "CallStarted", f'is "CallStarted": give all, or a list of {EVENTS}.'),
    ("webhooks.events", "null", f"is null: give all, or a list of {EVENTS}."),
    (
        "webhooks.events",
        "[CallStarted, CallEnded, 1]",
        f'holds "CallEnded", 1: give all, or a list of {EVENTS}.',
    ),
    (
        "pollers.calls",
        "{}",
        (
            "is an unknown key: the keys of connections.acme.pollers are defaults, audio_prompts, call_history, "
            "call_records, contacts, groups, voicemail_boxes, voicemails, voip_endpoints."
        ),
    ),
    (
        "pollers.defaults.filters",
        "{}",
        "is an unknown key: the keys of connections.acme.pollers.defaults are enabled, interval, start.",
    ),
    *(
        entry
        for name in ("defaults", *COLLECTIONS)
        for entry in (
            (f"pollers.{name}", "false", "is true or false: give a map of keys."),
            (f"pollers.{name}.enabled", "no", 'is "no": give true or false.'),
            (f"pollers.{name}.start", "now", 'is "now": give newest, oldest, or the id after which to start.'),
            (f"pollers.{name}.start", "-1", "is -1: give newest, oldest, or the id after which to start."),
            (
                f"pollers.{name}.start",
                "9223372036854775808",
                "is 9223372036854775808: give newest, oldest, or the id after which to start.",
            ),
            *duration(f"pollers.{name}.interval", "1s to 1d"),
        )
    ),
    *(
        (
            f"pollers.{name}.filters.contact",
            "1",
            f"is an unknown key: connections.acme.pollers.{name}.filters has no keys, so remove it.",
        )
        for name in ("audio_prompts", "contacts", "voicemail_boxes", "voip_endpoints")
    ),
    (
        "pollers.groups.filters.source",
        "1",
        "is an unknown key: the keys of connections.acme.pollers.groups.filters are contact_id.",
    ),
    (
        "pollers.voicemails.filters.direction",
        "in",
        (
            "is an unknown key: the keys of connections.acme.pollers.voicemails.filters are source, contact_id, "
            "box_id, date_from, date_to."
        ),
    ),
    *(
        entry
        for name in ("call_history", "call_records")
        for entry in (
            (
                f"pollers.{name}.filters.limit",
                "1",
                (
                    f"is an unknown key: the keys of connections.acme.pollers.{name}.filters are source, destination, "
                    "direction, contact_id, date_from, date_to."
                ),
            ),
            (f"pollers.{name}.filters.direction", "both", 'is "both": give in or out.'),
            (f"pollers.{name}.filters.source", "[1]", "is a list: give a telephone number, or null."),
            (
                f"pollers.{name}.filters.contact_id",
                "-1",
                "is -1: give a whole number from 0 to 9223372036854775807.",
            ),
            (
                f"pollers.{name}.filters.date_from",
                "2026-01-31",
                'is "2026-01-31": give a time with an offset, such as 2026-01-31T08:00:00Z.',
            ),
            (
                f"pollers.{name}.filters.date_to",
                "2026-02-31T08:00:00Z",
                'is "2026-02-31T08:00:00Z": give a time with an offset, such as 2026-01-31T08:00:00Z.',
            ),
            (
                f"pollers.{name}.filters",
                "{date_from: '2026-02-01T00:00:00Z', date_to: '2026-01-01T00:00:00+02:00'}",
                ".date_from is later than filters.date_to: give an earlier time.",
            ),
        )
    ),
    ("reconcile.enabled", "2", "is 2: give true or false."),
    *duration("reconcile.interval", "1s to 1h"),
    *duration("reconcile.grace", "0s to 1d"),
    *duration("reconcile.rescan", "1m to 48h"),
    (
        "reconcile",
        "{interval: 1h, rescan: 10m}",
        ".rescan is 10m, shorter than reconcile.interval: give at least 1h.",
    ),
    whole("rate_limit.calls", "0", "1 to 10000"),
    whole("rate_limit.calls", "10001", "1 to 10000"),
    *duration("rate_limit.window", "1s to 1h"),
    *duration("rate_limit.guard", "0ms to 10s"),
    ("rate_limit", "{window: 1s, guard: 2s}", ".guard is 2s, longer than rate_limit.window: give at most 1s."),
    *duration("commands.dial_ttl", "1s to 120s"),
    *duration("commands.query_ttl", "1s to 120s"),
    ("commands.dial_ttl", "121s", 'is "121s": give a duration from 1s to 120s.'),
    whole("commands.max_queued", "0", "1 to 100000"),
    (
        "apikey",
        "abc",
        "is an unknown key: did you mean connections.acme.api_key?",
    ),
]


@pytest.mark.parametrize(("key", "given", "sentence"), CONNECTION)
def test_connection(tmp_path: Path, key: str, given: str, sentence: str) -> None:
    """What is wrong in a connection is one sentence that begins with its key."""
    base = "" if key.startswith("base_url") else "base_url: 'https://pbx.example.com', "
    content = f"{START}connections: {{acme: {{{base}{nested(key, given)[1:]}}}"
    space = "" if sentence.startswith(".") else " "
    assert problems(tmp_path, content) == [f"connections.acme.{key}{space}{sentence}"]


NAME = (
    "is no name for a connection: give 1 to 63 lower-case letters, digits and hyphens, a letter or digit at both ends."
)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Acme", "Acme"),
        ("my shop", '"my shop"'),
        ("my_shop", "my_shop"),
        ("-a", "-a"),
        ("a-", "a-"),
        ("a.b", '"a.b"'),
        ("''", '""'),
        ("a" * 64, "a" * 64),
        ("api_key:sk-1234", '"api_key…"'),
    ],
)
def test_name_of_a_connection(tmp_path: Path, name: str, shown: str) -> None:
    """A connection's name is a DNS label; a slip that turns a secret into a name does not show it."""
    content = f"{START}connections:\n  {name}: {{base_url: 'http://localhost'}}\n"
    assert problems(tmp_path, content) == [f"connections.{shown} {NAME}"]
