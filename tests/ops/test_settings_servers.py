"""Each wrong key in the sections `topics`, `ingress` and `admin` gives one clear sentence."""

from pathlib import Path

import pytest

from tests.ops.settings_problems import NO_NETWORKS, START, duration, nested, problems, whole

TOPICS = [
    *(
        (
            "prefix",
            given,
            (
                f"is {shown}: give 1 to 200 letters, digits, dots, hyphens and underscores, "
                "a letter or digit at both ends."
            ),
        )
        for given, shown in (
            ("''", '""'),
            ("a b", '"a b"'),
            (".pbx", '".pbx"'),
            ("pbx.", '"pbx."'),
            ("ä", '"ä"'),
            ("1", "1"),
            ("a" * 201, '"' + "a" * 80 + '…"'),
        )
    ),
    whole("replication_factor", "0", "1 to 32767"),
    whole("replication_factor", "32768", "1 to 32767"),
    whole("replication_factor", "1.5", "1 to 32767", '"1.5"'),
    whole("replication_factor", "three", "1 to 32767", '"three"'),
    whole("replication_factor", "true", "1 to 32767"),
    whole("shards", "0", "1 to 1000"),
    whole("shards", "1001", "1 to 1000"),
    whole("shards", "1e3", "1 to 1000", '"1e3"'),
    whole("shards", "08", "1 to 1000", '"08"'),
    whole("shards", "1_000", "1 to 1000", '"1_000"'),
    whole("shards", "0x10", "1 to 1000", '"0x10"'),
    whole("shards", "null", "1 to 1000"),
    ("manage", "on", 'is "on": give true or false.'),
    ("manage", "1", "is 1: give true or false."),
    ("manage", "null", "is null: give true or false."),
    ("partitions", "3", "is a number: give a map of keys."),
    ("retention", "7d", "is text: give a map of keys."),
    *duration("retention.events", "1m to 3650d"),
    *duration("retention.commands", "1m to 1d"),
    *duration("retention.results", "1m to 3650d"),
    *duration("retention.quarantine", "1m to 3650d"),
    *duration("retention.admin", "1m to 3650d"),
    ("retention.commands", "25h", 'is "25h": give a duration from 1m to 1d.'),
    *(
        whole(f"partitions.{key}", given, "1 to 10000")
        for key in ("events", "commands", "results", "quarantine", "admin")
        for given in ("0", "10001", "-1")
    ),
    (
        "partitions.journal",
        "1",
        "is an unknown key: the keys of topics.partitions are events, commands, results, quarantine, admin.",
    ),
]

ITEMS = [
    ("1", "is 1: give an address or network, such as 192.0.2.7 or 10.0.0.0/8."),
    ("10.0.0.256", 'is "10.0.0.256": give an address or network, such as 192.0.2.7 or 10.0.0.0/8.'),
    ("host.example.com", 'is "host.example.com": give an address or network, such as 192.0.2.7 or 10.0.0.0/8.'),
    ("10.0.0.1/8", 'is "10.0.0.1/8": give 10.0.0.0/8, the network that it lies in, or the address alone.'),
    ("'2001:db8::1/32'", 'is "2001:db8::1/32": give 2001:db8::/32, the network that it lies in, or the address alone.'),
    ("null", "is null: give an address or network, such as 192.0.2.7 or 10.0.0.0/8."),
]

SERVERS = [
    *(
        (f"{section}.host", given, f"is {shown}: give an address or host name to listen on, such as 0.0.0.0.")
        for section in ("ingress", "admin")
        for given, shown in (
            ("''", '""'),
            ("1", "1"),
            ("null", "null"),
            ("0.0.0", '"0.0.0"'),
            ("'[::]'", '"[::]"'),
            ("'a:80'", '"a:80"'),
            ("a b", '"a b"'),
        )
    ),
    *(
        whole(f"{section}.port", given, "0 to 65535", shown)
        for section in ("ingress", "admin")
        for given, shown in (("-1", ""), ("65536", ""), ("08080", '"08080"'), ("http", '"http"'), ("null", ""))
    ),
    *(
        (
            "ingress.public_url",
            given,
            (
                f"is {shown}: "
                "give an https URL of scheme, host and port alone, such as https://hooks.example.com, or null."
            ),
        )
        for given, shown in (
            ("hooks.example.com", '"hooks.example.com"'),
            ("ftp://hooks.example.com", '"ftp://hooks.example.com"'),
            ("https://", '"https://"'),
            ("https://hooks.example.com/bridge", '"https://hooks.example.com/bridge"'),
            ("'https://hooks.example.com?token=abc'", '"https://hooks.example.com?…"'),
            ("'https://hooks.example.com#a'", '"https://hooks.example.com#a"'),
            ("https://user:password@hooks.example.com", '"https://…@hooks.example.com"'),
            ("https://hooks.example.com:99999", '"https://hooks.example.com:99999"'),
            ("https://hooks example.com", '"https://hooks example.com"'),
            ("1", "1"),
            ("[a]", "a list"),
        )
    ),
    (
        "ingress.public_url",
        "http://hooks.example.com",
        (
            'is "http://hooks.example.com": '
            "give an https URL, since the vendor calls no other (http is for localhost alone), or null."
        ),
    ),
    *(
        (
            "ingress.max_body_bytes",
            given,
            (
                f"is {shown}: "
                "give a size such as 256KiB (KiB, MiB or GiB) or a whole number of bytes, from 1KiB to 512KiB."
            ),
        )
        for given, shown in (
            ("256KB", '"256KB"'),
            ("1.5MiB", '"1.5MiB"'),
            ("256 KiB", '"256 KiB"'),
            ("-1", "-1"),
            ("null", "null"),
            ("true", "true"),
        )
    ),
    ("ingress.max_body_bytes", "524289", "is 524289: give a size from 1KiB to 512KiB."),
    ("ingress.max_body_bytes", "1MiB", 'is "1MiB": give a size from 1KiB to 512KiB.'),
    ("ingress.max_body_bytes", "0", "is 0: give a size from 1KiB to 512KiB."),
    *duration("ingress.body_timeout", "100ms to 60s"),
    *duration("ingress.publish_deadline", "100ms to 30s"),
    whole("ingress.max_in_flight", "0", "1 to 65536"),
    whole("ingress.max_in_flight", "65537", "1 to 65536"),
    *(("ingress.trusted_proxies", given, sentence) for given, sentence in NO_NETWORKS),
    ("ingress.spool", "/var/spool", "is text: give a map of keys."),
    ("ingress.spool.path", "/var/spool", "is set, but the disk spool is not built yet: give null."),
    ("ingress.spool.path", "''", "is set, but the disk spool is not built yet: give null."),
    ("ingress.spool.max_bytes", "1KiB", 'is "1KiB": give a size from 1MiB to 1024GiB.'),
    ("admin.public_url", "x", "is an unknown key: the keys of admin are host, port."),
    ("ingress.ports", "1", "is an unknown key: did you mean ingress.port?"),
]


@pytest.mark.parametrize(
    ("key", "given", "sentence"), [(f"topics.{key}", given, sentence) for key, given, sentence in TOPICS] + SERVERS
)
def test_topics_and_servers(tmp_path: Path, key: str, given: str, sentence: str) -> None:
    """What is wrong in the sections `topics`, `ingress` and `admin` is one sentence that begins with its key."""
    section, _, rest = key.partition(".")
    assert problems(tmp_path, f"{START}{section}: {nested(rest, given)}") == [f"{key} {sentence}"]


@pytest.mark.parametrize(("item", "sentence"), ITEMS)
def test_items_of_lists(tmp_path: Path, item: str, sentence: str) -> None:
    """A wrong item of a list is named with its place in the list."""
    found = problems(tmp_path, f"{START}ingress: {{trusted_proxies: [10.0.0.0/8, {item}]}}")
    assert found == [f"ingress.trusted_proxies[1] {sentence}"]
