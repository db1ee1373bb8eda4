"""The chart's table of values, from the comments of values.yaml. Pure.

A comment `# -- text` describes the key beneath it and whatever is in it; `# @example` begins an example that ends with
the comment. Every value must be described, by itself or by what it is in.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

import yaml

MARK: Final = "<!-- What follows is made from values.yaml: `python -m tests.chart.generate`. -->"
_KEY: Final = re.compile(r"(?P<indent> *)(?P<key>[A-Za-z][A-Za-z0-9]*):")


class ValueRow(NamedTuple):
    """A described value: its path in values.yaml, what it means, its default, and an example or nothing."""

    path: tuple[str, ...]
    meaning: str
    default: object
    example: str


def with_values(readme: str, values: str) -> str:
    """Return the README with the part behind the mark made anew."""
    head, mark, _ = readme.partition(MARK)
    if not mark:
        raise ValueError(f"the README lacks the line {MARK}")
    return f"{head}{MARK}\n\n{''.join(_sections(list(value_rows(values))))}".rstrip() + "\n"


def value_rows(text: str) -> Iterator[ValueRow]:
    """Read the described values; raise ValueError where one has no description."""
    values = yaml.safe_load(text)
    described: set[tuple[str, ...]] = set()
    path: list[tuple[int, str]] = []
    comment: list[str] = []
    for line in text.splitlines():
        if line.lstrip().startswith("#"):
            comment.append(line.lstrip()[1:])
            continue
        found, lines, comment = _KEY.match(line), comment, []
        if found is None:
            continue
        indent = len(found["indent"])
        path = [*((depth, key) for depth, key in path if depth < indent), (indent, found["key"])]
        keys = tuple(key for _, key in path)
        if any(line.startswith(" -- ") for line in lines):
            described.add(keys)
            yield _row(keys, lines, values)
    if missing := [".".join(keys) for keys in _leaves(values, ()) if not _is_described(keys, described)]:
        raise ValueError(f"values without a description: {', '.join(missing)}")


def _row(keys: tuple[str, ...], lines: list[str], values: Mapping[str, object]) -> ValueRow:
    start = next(number for number, line in enumerate(lines) if line.startswith(" -- "))
    text = [line.removeprefix(" -- ").strip() for line in lines[start:]]
    example = text.index("@example") if "@example" in text else len(text)
    default: object = values
    for key in keys:
        default = default[key] if isinstance(default, dict) else None
    shown = [line[1:] for line in lines[start + example + 1 :]]
    return ValueRow(keys, " ".join(text[:example]), default, _below(keys[:-1], shown))


def _below(keys: tuple[str, ...], example: list[str]) -> str:
    """Give an example as it stands in a file of values, below all the keys that it is in."""
    if not example:
        return ""
    parents = [f"{'  ' * depth}{key}:" for depth, key in enumerate(keys)]
    return "\n".join([*parents, *(f"{'  ' * len(keys)}{line}" for line in example)])


def _leaves(value: object, keys: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from _leaves(inner, (*keys, str(key)))
    else:
        yield keys


def _is_described(keys: tuple[str, ...], described: set[tuple[str, ...]]) -> bool:
    return any(keys[:length] in described for length in range(1, len(keys) + 1))


def _sections(rows: list[ValueRow]) -> Iterator[str]:
    yield "## Values\n"
    section = ""
    for row in rows:
        heading = row.path[0] if len(row.path) > 1 else "General"
        if heading != section:
            section = heading
            title = "General" if heading == "General" else f"`{heading}`"
            yield f"\n### {title}\n\n| key | meaning | default |\n|---|---|---|\n"
        yield f"| `{'.'.join(row.path)}` | {_cell(row.meaning)} | {_default(row.default)} |\n"
        if row.example:
            yield f"\n```yaml\n{row.example}\n```\n"
            section = ""


def _default(value: object) -> str:
    return f"`{_cell(json.dumps(value, ensure_ascii=False))}`"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
