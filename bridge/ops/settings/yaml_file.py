"""The configuration file: YAML text to plain maps, lists, text, whole numbers, true, false and null.

Only what YAML 1.2 reads as such is null, true, false or a whole number; all else stays the text that was written.
YAML 1.1 would turn the region `NO` into false, `22:30` into 1350, `+3706` and `0370` into other numbers, and a date
into an object.
"""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Final

import yaml

from bridge.ops.settings.problems import shown_key

Tree = dict[str, object]
"""A map of the configuration, as written: keys to text, whole numbers, booleans, null, lists and maps."""

_WHOLE: Final = re.compile(r"0|-?[1-9][0-9]*")
_TAG: Final = "tag:yaml.org,2002:"
_QUOTE: Final = re.compile(r"'[^']*'|\"[^\"]*\"")
"""What PyYAML quotes from the file in its messages: it could be a secret."""


_LONGEST_NUMBER: Final = 30
"""Digits; Python refuses to convert thousands of them, and no key takes so many."""

_SCALARS: Final[dict[str, Callable[[str], object]]] = {
    "str": str,
    "null": lambda _: None,
    "bool": lambda written: written.lower() == "true",
    "int": lambda written: int(written) if _WHOLE.fullmatch(written) and len(written) <= _LONGEST_NUMBER else written,
}


class ConfigFileError(Exception):
    """The file cannot be used; the text is a whole sentence and quotes no value."""


class _Loader(yaml.SafeLoader):
    # Empty: only what is added below is read as something else than text.
    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 - typed so by PyYAML


for _kind, _pattern, _first in (
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    ("int", _WHOLE.pattern, list("-0123456789")),
    ("merge", r"<<", ["<"]),
):
    _Loader.add_implicit_resolver(_TAG + _kind, re.compile(f"^(?:{_pattern})$"), _first)


def read_config_file(path: Path) -> Tree:
    """Return the file's map, empty for an empty file; raise ConfigFileError."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise ConfigFileError(f"The configuration file {path} does not exist.") from None
    except IsADirectoryError:
        raise ConfigFileError(f"The configuration file {path} is a folder: give the file itself.") from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "no path"
        raise ConfigFileError(f"The configuration file {path} cannot be read: {reason}.") from None
    try:
        return parse_config(content.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise ConfigFileError(f"The configuration file {path} is not UTF-8 text.") from None
    except ConfigFileError as error:
        raise ConfigFileError(f"The configuration file {path} {error}.") from None


def parse_config(content: str) -> Tree:
    """Return the map that the text holds; raise ConfigFileError with a predicate such as "is not YAML: …"."""
    try:
        documents = [_value(node, ()) for node in yaml.compose_all(content, Loader=_Loader)]
    except yaml.MarkedYAMLError as error:
        where = f"line {error.problem_mark.line + 1}: " if error.problem_mark else ""
        raise ConfigFileError(f"is not YAML: {where}{_without_names(error.problem)}") from None
    except yaml.YAMLError:
        raise ConfigFileError("is not YAML: it holds a character that YAML does not allow") from None
    except RecursionError:
        raise ConfigFileError("is nested too deeply") from None
    if len(documents) > 1:
        raise ConfigFileError("holds more than one document: give one, without a line ---")
    value = documents[0] if documents else None
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise ConfigFileError("holds no map: it starts with a key such as kafka:")
    return value


_SIGN: Final = len(r"'\t'")
"""The longest of the single signs that PyYAML quotes."""


def _without_names(message: str | None) -> str:
    """Keep the single signs and the kinds of tokens that PyYAML quotes, `','` and `'<block end>'`; hide the rest."""
    return _QUOTE.sub(
        lambda quote: quote[0] if len(quote[0]) <= _SIGN or quote[0].startswith("'<") else "a name",
        message or "it cannot be read",
    )


def _value(node: yaml.Node, within: tuple[int, ...]) -> object:
    """Convert a node; `within` holds the nodes around it, since an alias may point at one of them."""
    line = node.start_mark.line + 1
    if id(node) in within:
        raise ConfigFileError(f"holds an alias of what surrounds it in line {line}")
    match node:
        case yaml.MappingNode(tag=tag) if tag == _TAG + "map":
            return _map(node, (*within, id(node)))
        case yaml.SequenceNode(tag=tag) if tag == _TAG + "seq":
            return [_value(item, (*within, id(node))) for item in node.value]
        case yaml.ScalarNode(tag=tag) if tag.removeprefix(_TAG) in _SCALARS:
            return _SCALARS[tag.removeprefix(_TAG)](str(node.value))
        case _:
            raise ConfigFileError(f"holds a tag (! before a value) in line {line}: remove it or use quotes")


def _map(node: yaml.MappingNode, within: tuple[int, ...]) -> Tree:
    own: Tree = {}
    merged: Tree = {}
    for key_node, value_node in node.value:
        line = key_node.start_mark.line + 1
        if key_node.tag == _TAG + "merge":
            for part in value_node.value if isinstance(value_node, yaml.SequenceNode) else [value_node]:
                if not isinstance(value := _value(part, within), dict):
                    raise ConfigFileError(f"merges (<<) what is no map in line {line}")
                merged = value | merged
            continue
        if not isinstance(key_node, yaml.ScalarNode):
            raise ConfigFileError(f"has a key that is no text in line {line}")
        key = str(key_node.value)
        if key in own:
            raise ConfigFileError(f"has the key {shown_key(key)} twice in one map, the second time in line {line}")
        own[key] = _value(value_node, within)
    return merged | own
