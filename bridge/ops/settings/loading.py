"""From file and environment to Settings: everything that is wrong is gathered and reported at once.

Rules between keys need a whole, typed configuration. So what is wrong is first reported, then taken out of the map
(required keys get a stand-in), and the rest is validated again; a rule that touches a key taken out is not asked.
"""

import copy
import difflib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, NamedTuple

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from bridge.ops.settings.combinations import combinations
from bridge.ops.settings.connections import ConnectionSettings
from bridge.ops.settings.model import Role, Settings
from bridge.ops.settings.problems import KeyPath, Problem, SettingsError, dotted, kind_of, sentence_of
from bridge.ops.settings.secret_rules import secret_problems
from bridge.ops.settings.section import Section
from bridge.ops.settings.variables import CONFIG_VARIABLE, keys_of, merged, names_in, read_variables, section_of
from bridge.ops.settings.yaml_file import ConfigFileError, Tree, read_config_file

_STAND_INS: Final = {"bootstrap_servers": "localhost:9092", "base_url": "http://localhost"}
"""Values for required keys that are missing or wrong, so that the rest can be looked at; never part of a result."""

_REQUIRED: Final = {
    "bootstrap_servers": "host:port of the Kafka brokers, such as kafka-1:9092,kafka-2:9092",
    "base_url": "the URL of the vendor's API, such as https://mobili-stotele.tele2.lt/api/v2",
}


class _Validated(NamedTuple):
    settings: Settings | None
    problems: list[Problem]
    broken: frozenset[KeyPath]


def load_settings(config_file: Path | None, environ: Mapping[str, str], role: Role) -> Settings:
    """Return the configuration of file and environment, environment first, valid for the role.

    `config_file` beats the variable BRIDGE_CONFIG; with neither, the environment says all. The files of the secrets
    that the role uses must be there and usable. Raise SettingsError with all problems, a sentence each, none of which
    quotes a secret.
    """
    if config_file is None and environ.get(CONFIG_VARIABLE):
        config_file = Path(environ[CONFIG_VARIABLE])
    from_file: Tree = {}
    unreadable = ""
    if config_file is not None:
        try:
            from_file = read_config_file(config_file)
        except ConfigFileError as error:
            unreadable = str(error)
    variables = read_variables(environ, names_in(from_file))
    problems = list(variables.problems)
    if unreadable:
        raise SettingsError([unreadable, *(problem.sentence for problem in problems)])

    tree = merged(from_file, variables.tree)
    assert isinstance(tree, dict)
    damaged = frozenset(problem.key for problem in problems if problem.key)
    validated = _validate(tree, variables.sources, damaged)
    problems += validated.problems
    if validated.settings is not None:
        problems += combinations(validated.settings, role, validated.broken)
        problems += secret_problems(validated.settings, role, validated.broken)
    if problems or validated.settings is None:
        raise SettingsError([problem.sentence for problem in problems])
    return validated.settings


def _validate(tree: Tree, sources: Mapping[KeyPath, str], damaged: frozenset[KeyPath]) -> _Validated:
    problems: list[Problem] = []
    broken = set(damaged)
    remaining = copy.deepcopy(tree)
    # The second round finds what a section taken out lacks now, the third the same one level deeper.
    for attempt in range(4):
        errors: list[ErrorDetails] = []
        try:
            return _Validated(Settings.model_validate(remaining), problems, frozenset(broken))
        except ValidationError as error:
            errors = error.errors(include_url=False)
        for details in errors:
            path = _key_path(details)
            inherited = details["type"] != "missing" and not _is_given(tree, path)
            if attempt == 0 and not inherited and not _is_below(path, damaged):
                problems.append(Problem(path, _sentence(details, path, _source(path, sources))))
            broken.add(path)
            _take_out(remaining, path)
    return _Validated(None, problems, frozenset(broken))


def _key_path(details: ErrorDetails) -> KeyPath:
    """Return where the value stands; pydantic marks a wrong name of a connection with a part of its own."""
    loc = details["loc"]
    return loc[:-1] if details["type"] == "unfit" and loc[-1] == "[key]" else loc


def _is_given(tree: object, path: KeyPath) -> bool:
    for part in path:
        if isinstance(tree, list):
            return True
        if not isinstance(tree, dict) or part not in tree:
            return False
        tree = tree[part]
    return True


def _is_below(path: KeyPath, damaged: frozenset[KeyPath]) -> bool:
    return any(path[: len(key)] == key for key in damaged)


def _take_out(tree: Tree, path: KeyPath) -> None:
    """Remove the key (of a list: the whole list); put a stand-in where it is required."""
    keys = [part for part in path if isinstance(part, str)]
    inner: object = tree
    for key in keys[:-1]:
        if isinstance(inner, dict):
            if inner.get(key) is None:
                inner[key] = {}
            inner = inner[key]
    if isinstance(inner, dict):
        inner.pop(keys[-1], None)
        if keys[-1] in _STAND_INS:
            inner[keys[-1]] = _STAND_INS[keys[-1]]


def _source(path: KeyPath, sources: Mapping[KeyPath, str]) -> str:
    """Return the variable that gave the value, or the map around it; empty where the file did."""
    return next((sources[path[:end]] for end in range(len(path), 0, -1) if path[:end] in sources), "")


def _sentence(details: ErrorDetails, path: KeyPath, source: str) -> str:
    given, context = details["input"], details.get("ctx", {})
    match details["type"]:
        case "unfit":
            return sentence_of(path, given, context["allowed"], fault=context["fault"], source=source)
        case "missing":
            return sentence_of(path, None, _REQUIRED[str(path[-1])], fault="is missing")
        case "extra_forbidden":
            return _unknown_key(path, source)
        case _:
            kind = "a map of connections by name" if path == ("connections",) else "a map of keys"
            return sentence_of(path, given, kind, fault=f"is {kind_of(given)}", source=source)


def _unknown_key(path: KeyPath, source: str) -> str:
    origin = f" (from {source})" if source else ""
    keys = list(_keys_beside(path))
    parent = dotted(path[:-1])
    close = difflib.get_close_matches(str(path[-1]), keys, n=1, cutoff=0.7)
    if close:
        advice = f"did you mean {dotted((*path[:-1], close[0]))}?"
    elif not keys:
        advice = f"{parent} has no keys, so remove it."
    else:
        advice = f"the keys {f'of {parent}' if parent else 'at the top'} are {', '.join(keys)}."
    return f"{dotted(path)}{origin} is an unknown key: {advice}"


def _keys_beside(path: KeyPath) -> Iterator[str]:
    model: type[Section] | None = Settings
    steps = iter(path[:-1])
    for step in steps:
        if step == "connections":
            next(steps, None)
            model = ConnectionSettings
        elif model is not None:
            model = section_of(keys_of(model)[str(step)])
    yield from keys_of(model) if model else ()
