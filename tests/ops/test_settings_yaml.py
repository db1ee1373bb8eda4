"""The file: what it may be, and that what is written is what is meant."""

from pathlib import Path

import pytest

from bridge.ops.settings import Role, SettingsError, load_settings
from bridge.ops.settings.yaml_file import parse_config


def problems(file: Path) -> list[str]:
    with pytest.raises(SettingsError) as raised:
        load_settings(file, {"BRIDGE_KAFKA__BOOTSTRAP_SERVERS": "a:1"}, Role.TOOL)
    return list(raised.value.problems)


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        ("kafka: [", "is not YAML: line 1: expected the node content, but found '<stream end>'"),
        ("a: b: c", "is not YAML: line 1: mapping values are not allowed here"),
        ("a: 1\n\tb: 2", "is not YAML: line 2: found character '\\t' that cannot start any token"),
        ("a: *the-secret", "is not YAML: line 1: found undefined alias a name"),
        ("a: 'x\n", "is not YAML: line 2: found unexpected end of stream"),
        ("a: \0", "is not YAML: it holds a character that YAML does not allow"),
        ("a: !the-secret b", "holds a tag (! before a value) in line 1: remove it or use quotes"),
        ("a: !!python/object:os.system b", "holds a tag (! before a value) in line 1: remove it or use quotes"),
        ("- a", "holds no map: it starts with a key such as kafka:"),
        ("just text", "holds no map: it starts with a key such as kafka:"),
        ("a: 1\n---\nb: 2", "holds more than one document: give one, without a line ---"),
        ("kafka: {}\ntopics: {}\nkafka: {}", "has the key kafka twice in one map, the second time in line 3"),
        ("a: {b: 1, b: 2}", "has the key b twice in one map, the second time in line 1"),
        ("? [a, b]\n: 1", "has a key that is no text in line 1"),
        ("a: &x\n  b: *x", "holds an alias of what surrounds it in line 1"),
        ("a:\n  <<: 1", "merges (<<) what is no map in line 2"),
        ("[" * 20_000, "is nested too deeply"),
    ],
)
def test_what_is_no_configuration(tmp_path: Path, content: str, fault: str) -> None:
    """A file that cannot be read is one sentence, and quotes nothing that could be a secret."""
    file = tmp_path / "bridge.yaml"
    file.write_text(content)
    assert problems(file) == [f"The configuration file {file} {fault}."]


def test_files_that_are_not_there(tmp_path: Path) -> None:
    """A missing file, a folder and bytes that are no text are a sentence each."""
    missing = tmp_path / "missing.yaml"
    assert problems(missing) == [f"The configuration file {missing} does not exist."]
    assert problems(tmp_path) == [f"The configuration file {tmp_path} is a folder: give the file itself."]
    below = missing / "x"
    missing.write_bytes(b"\xff\xfe")
    assert problems(missing) == [f"The configuration file {missing} is not UTF-8 text."]
    assert problems(below) == [f"The configuration file {below} cannot be read: Not a directory."]


@pytest.mark.parametrize("content", ["", "# nothing\n", "---\n", "{}", "\ufeff", "null"])
def test_an_empty_file_means_the_defaults(tmp_path: Path, content: str) -> None:
    """An empty file is a configuration: of defaults and the environment."""
    file = tmp_path / "bridge.yaml"
    file.write_text(content)
    settings = load_settings(file, {"BRIDGE_KAFKA__BOOTSTRAP_SERVERS": "a:1"}, Role.TOOL)
    assert settings.topics.prefix == "pbx"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("NO", "NO"),
        ("yes", "yes"),
        ("on", "on"),
        ("22:30", "22:30"),
        ("1e3", "1e3"),
        ("1.50", "1.50"),
        ("08", "08"),
        ("0x1f", "0x1f"),
        ("1_000", "1_000"),
        ("+37060000000", "+37060000000"),
        ("2026-01-31", "2026-01-31"),
        ("2026-01-31T08:00:00Z", "2026-01-31T08:00:00Z"),
        (".inf", ".inf"),
        ("'1'", "1"),
        ("!!str 1", "1"),
        ("!!int x", "x"),
        ("9" * 5000, "9" * 5000),
        ("=", "="),
        ("37060000000", 37060000000),
        ("-1", -1),
        ("0", 0),
        ("true", True),
        ("False", False),
        ("~", None),
        ("", None),
        ("[a, 1]", ["a", 1]),
        ("{b: {c: 1}}", {"b": {"c": 1}}),
    ],
)
def test_scalars(written: str, meant: object) -> None:
    """Only null, true, false and whole numbers are more than text: NO is a region, +370… keeps its sign."""
    value = parse_config(f"a: {written}")["a"]
    assert (value, type(value)) == (meant, type(meant))


def test_merges_and_aliases() -> None:
    """Several connections may share what is written once; what a map says itself counts first."""
    content = """
a: &a {x: 1, y: 1}
b: &b {y: 2, z: 2}
c: {<<: *a, x: 9}
d: {<<: [*a, *b]}
e: *a
"""
    tree = parse_config(content)
    assert (tree["c"], tree["d"], tree["e"]) == ({"x": 9, "y": 1}, {"x": 1, "y": 1, "z": 2}, {"x": 1, "y": 1})
