"""What the tables of wrong settings share: how to load, and the sentences that many keys have in common."""

from pathlib import Path

from bridge.ops.settings import Role, SettingsError, load_settings

START = "kafka: {bootstrap_servers: 'localhost:9092'}\n"

NO_NETWORKS = [
    ("10.0.0.0/8", 'is "10.0.0.0/8": give a list of addresses and networks, such as ["192.0.2.7", "10.0.0.0/8"].'),
    ("null", 'is null: give a list of addresses and networks, such as ["192.0.2.7", "10.0.0.0/8"].'),
    ("{a: b}", 'is a map: give a list of addresses and networks, such as ["192.0.2.7", "10.0.0.0/8"].'),
]


def problems(tmp_path: Path, content: str, environ: dict[str, str] | None = None, role: Role = Role.TOOL) -> list[str]:
    file = tmp_path / "bridge.yaml"
    file.write_text(content)
    try:
        load_settings(file, environ or {}, role)
    except SettingsError as error:
        return list(error.problems)
    return []


def whole(key: str, given: str, bounds: str, shown: str = "") -> tuple[str, str, str]:
    return key, given, f"is {shown or given}: give a whole number from {bounds}."


def duration(key: str, bounds: str) -> list[tuple[str, str, str]]:
    """Every way to write a wrong duration."""
    least = bounds.partition(" ")[0]
    return [
        (key, "5", f"is 5 without a unit (ms, s, m, h or d): give a duration from {bounds}."),
        (key, "'5'", f"is 5 without a unit (ms, s, m, h or d): give a duration from {bounds}."),
        (key, "5.5", f'is "5.5": give a number with a unit (ms, s, m, h or d), from {bounds}.'),
        (key, "5 s", f'is "5 s": give a number with a unit (ms, s, m, h or d), from {bounds}.'),
        (key, "5S", f'is "5S": give a number with a unit (ms, s, m, h or d), from {bounds}.'),
        (key, "-5s", f'is "-5s": give a number with a unit (ms, s, m, h or d), from {bounds}.'),
        (key, "1e3s", f'is "1e3s": give a number with a unit (ms, s, m, h or d), from {bounds}.'),
        (key, "22:30", f'is "22:30": give a number with a unit (ms, s, m, h or d), from {bounds}.'),
        (key, "true", f"is true: give a number with a unit (ms, s, m, h or d), from {bounds}."),
        (key, "null", f"is null: give a number with a unit (ms, s, m, h or d), from {bounds}."),
        (key, "[5s]", f"is a list: give a number with a unit (ms, s, m, h or d), from {bounds}."),
        (key, "999999999999d", f'is "999999999999d": give a duration from {bounds}.'),
        *([(key, "0s", f'is "0s": give a duration from {bounds}.')] if least not in {"0s", "0ms"} else []),
    ]


def nested(key: str, value: str) -> str:
    """Write `a.b.c` and a value as YAML's maps in braces."""
    head, _, rest = key.partition(".")
    return f"{{{head}: {nested(rest, value) if rest else value}}}"
