"""The environment: variables `BRIDGE_<SECTION>__<KEY>` to a map of the same shape as the file's.

Lists and maps are JSON. A `-` in a connection's name is `_` in a variable, and `a--b` is a name, too: where a variable
can be read in two ways, a connection already known counts first, then the shortest name that leaves a known key.
"""

import difflib
import json
import re
from collections.abc import Iterator, Mapping
from types import NoneType
from typing import Final, NamedTuple, get_args

from pydantic.fields import FieldInfo

from bridge.ops.settings.connections import NAME, ConnectionSettings
from bridge.ops.settings.model import Settings
from bridge.ops.settings.problems import KeyPath, Problem
from bridge.ops.settings.section import Section
from bridge.ops.settings.values import ListOfValues, MapOfValues
from bridge.ops.settings.yaml_file import Tree

PREFIX: Final = "BRIDGE_"
CONFIG_VARIABLE: Final = "BRIDGE_CONFIG"
"""Names the configuration file; the one variable with our prefix that is no key."""

_OF_A_SERVICE: Final = re.compile(
    r"BRIDGE_(\w+_)?(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT(_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?)", re.ASCII
)
"""The variables that Kubernetes injects for a Service whose name begins with `bridge`."""


class Variables(NamedTuple):
    """What the environment says: values by key, the variable of each key, and what is wrong."""

    tree: Tree
    sources: Mapping[KeyPath, str]
    problems: tuple[Problem, ...]


class _Target(NamedTuple):
    path: KeyPath
    holds_map: bool
    field: FieldInfo | None


def read_variables(environ: Mapping[str, str], connections: frozenset[str]) -> Variables:
    """Read all variables with our prefix; `connections` are the names that the file knows."""
    tree: Tree = {}
    sources: dict[KeyPath, str] = {}
    problems: list[Problem] = []
    # A map comes before its keys, which may change parts of it: its variable is the shorter one.
    for variable in sorted(environ, key=lambda name: (len(name), name)):
        if not variable.startswith(PREFIX) or variable == CONFIG_VARIABLE:
            continue
        known = connections | names_in(tree)
        target = _resolve(variable.removeprefix(PREFIX), known)
        if target is None:
            problems.append(Problem((), _unknown(variable, known)))
            continue
        sources[target.path] = variable
        try:
            value = _value(environ[variable], target)
        except ValueError as error:
            problems.append(Problem(target.path, f"{variable} {error}."))
            continue
        _put(tree, target.path, value)
    return Variables(tree, sources, tuple(problems))


def names_in(tree: Mapping[str, object]) -> frozenset[str]:
    """Return the names of the connections in a map of the configuration."""
    connections = tree.get("connections")
    return (
        frozenset(name for name in connections if isinstance(name, str))
        if isinstance(connections, dict)
        else frozenset()
    )


def merged(base: object, over: object) -> object:
    """Return `base` changed by `over`: maps key by key, all else as a whole; a map never hides what is no map."""
    if not isinstance(over, dict):
        return over
    if base is None:
        return over
    if not isinstance(base, dict):
        return base
    return base | {key: merged(base.get(key), value) for key, value in over.items()}


def section_of(field: FieldInfo) -> type[Section] | None:
    """Return the section that a field holds, None for a single value, a list, or the map of connections."""
    return field.annotation if isinstance(field.annotation, type) and issubclass(field.annotation, Section) else None


def keys_of(model: type[Section]) -> dict[str, FieldInfo]:
    """Return the keys of a section as they are written in the file."""
    return {field.alias or name: field for name, field in model.model_fields.items()}


def _resolve(rest: str, known: frozenset[str]) -> _Target | None:
    head, _, tail = rest.partition("__")
    if head != "CONNECTIONS":
        return _within(Settings, rest)
    if not tail:
        return None if rest.endswith("__") else _Target(("connections",), holds_map=True, field=None)
    readings = list(_readings(tail))
    for name, target in readings:
        if name in known:
            return target
    return next((target for name, target in readings if "--" not in name or len(target.path) > 2), None)


def _readings(tail: str) -> Iterator[tuple[str, _Target]]:
    """Yield every way to read `ACME__BASE_URL` as a name and a key of a connection, the shortest name first."""
    cuts = [match.start() for match in re.finditer(r"(?=__)", tail)]
    for cut in [*cuts, len(tail)]:
        written, inner = tail[:cut], tail[cut + 2 :]
        name = written.lower().replace("_", "-")
        if written != written.upper() or "-" in written or not NAME.fullmatch(name):
            continue
        if cut == len(tail):
            yield name, _Target(("connections", name), holds_map=True, field=None)
        elif target := _within(ConnectionSettings, inner):
            yield name, target._replace(path=("connections", name, *target.path))


def _within(model: type[Section], rest: str) -> _Target | None:
    head, separator, tail = rest.partition("__")
    for key, field in keys_of(model).items():
        if key.upper() != head:
            continue
        section = section_of(field)
        if not separator:
            holds_map = section is not None or any(isinstance(mark, MapOfValues) for mark in field.metadata)
            return _Target((key,), holds_map=holds_map, field=field)
        inner = _within(section, tail) if section else None
        return inner._replace(path=(key, *inner.path)) if inner else None
    return None


def _value(written: str, target: _Target) -> object:
    field = target.field
    if target.holds_map or field is None:
        value = _json(written, "map", '{"key": "value"}')
        if not isinstance(value, dict):
            raise ValueError('holds no map: give one in JSON, such as {"key": "value"}')
        return value
    if written in {"", "null"} and NoneType in (field.annotation, *get_args(field.annotation)):
        return None
    if any(isinstance(mark, ListOfValues) for mark in field.metadata) and written.lstrip().startswith("["):
        return _json(written, "list", '["a", "b"]')
    return written


def _json(written: str, kind: str, example: str) -> object:
    try:
        return json.loads(written, parse_float=str, parse_constant=str, object_pairs_hook=_pairs)
    except (ValueError, RecursionError):
        raise ValueError(f"holds no JSON, or one key twice: give a {kind}, such as {example}") from None


def _pairs(pairs: list[tuple[str, object]]) -> dict[str, object]:
    if len(result := dict(pairs)) != len(pairs):
        raise ValueError("one key twice")
    return result


def _put(tree: Tree, path: KeyPath, value: object) -> None:
    inner: object = value
    for key in reversed(path):
        inner = {key: inner}
    if isinstance(inner, dict):
        for key, part in inner.items():
            tree[key] = merged(tree.get(key), part)


def _unknown(variable: str, known: frozenset[str]) -> str:
    if _OF_A_SERVICE.fullmatch(variable):
        return (
            f"{variable} is no setting of the bridge, but what Kubernetes injects for a Service whose name begins with "
            "bridge: set enableServiceLinks: false in the pod's specification, or remove the variable."
        )
    written = variable.removeprefix(f"{PREFIX}CONNECTIONS__").partition("__")[0]
    names = {name.upper().replace("-", "_") for name in known} | {written}
    candidates = [
        *_variables(Settings, PREFIX),
        *(
            found
            for name in sorted(names)
            for found in _variables(ConnectionSettings, f"{PREFIX}CONNECTIONS__{name}__")
        ),
    ]
    close = difflib.get_close_matches(variable, [CONFIG_VARIABLE, *candidates], n=1, cutoff=0.85)
    advice = f"did you mean {close[0]}?" if close else "remove it, or rename it where another program needs it."
    return f"{variable} is no setting of the bridge: {advice}"


def _variables(model: type[Section], prefix: str) -> Iterator[str]:
    for key, field in keys_of(model).items():
        yield prefix + key.upper()
        if section := section_of(field):
            yield from _variables(section, f"{prefix}{key.upper()}__")
