"""JSON values as YAML for people: mappings and lists as blocks, texts plain where that is safe. Pure.

The base install has no YAML library, and the same value has to give the same bytes with any release of one.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Final

import orjson

_PLAIN: Final = re.compile(r"[A-Za-z$/_][A-Za-z0-9$/_.]*(?:[ -][A-Za-z0-9$/_.()]+)*", re.ASCII)
# Begins like a word, and holds nothing that means something in YAML.
_NOT_TEXT: Final = frozenset({"null", "true", "false", "yes", "no", "on", "off", "y", "n"})
# Words that some reader of YAML 1.1 or 1.2 takes for something else.


def yaml_text(value: Mapping[str, object]) -> str:
    """Return a mapping as a YAML document. Values are those of JSON."""
    return "".join(f"{line}\n" for line in _block(value, ""))


def _block(value: object, indent: str) -> Iterator[str]:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _entry(f"{indent}{_scalar(name)}:", inner, indent + "  ")
    else:
        assert isinstance(value, list | tuple)
        for inner in value:
            if isinstance(inner, Mapping | list | tuple) and inner:
                first, *rest = _block(inner, indent + "  ")
                yield f"{indent}- {first.strip()}"
                yield from rest
            else:
                yield f"{indent}- {_scalar(inner)}"


def _entry(head: str, value: object, indent: str) -> Iterator[str]:
    if isinstance(value, Mapping | list | tuple) and value:
        yield head
        yield from _block(value, indent)
    else:
        yield f"{head} {_scalar(value)}"


def _scalar(value: object) -> str:
    if isinstance(value, str) and _PLAIN.fullmatch(value) and value.lower() not in _NOT_TEXT:
        return value
    return orjson.dumps(value).decode()
