"""Numbers that Python cannot hold exactly, carried through as the vendor wrote them.

What the schema does not know is kept as it was sent. A JSON number such as `1.10`, `1e400` or one of 30 digits does
not survive a float, so the rare payload that holds one is read again with each number's own text kept.
"""

import json

import orjson

_SAFE_DIGITS = 18
# Any integer of so few characters fits 64 bits, and orjson writes it as it was read.


def holds_float(value: object) -> bool:
    """Tell whether a float stands anywhere in a value that was read from JSON; whole numbers over 64 bits are such."""
    waiting = [value]
    while waiting:
        match waiting.pop():
            case float():
                return True
            case dict() as fields:
                waiting.extend(fields.values())
            case list() as items:
                waiting.extend(items)
            case _:
                pass
    return False


def exact_extra(raw: bytes, path: tuple[str | int, ...], extra: dict[str, object]) -> dict[str, object]:
    """Return `extra` with each number as the text in `raw`, where its fields stand in the object at `path`."""
    try:
        sent = json.loads(raw.decode(), parse_float=_literal, parse_int=_integer)
    except RecursionError:
        return extra  # too deep to be written either, and refused for that
    for step in path:
        sent = sent[step]
    return {name: sent[name] for name in extra}


def _literal(text: str) -> orjson.Fragment:
    return orjson.Fragment(text.encode())


def _integer(text: str) -> int | orjson.Fragment:
    return int(text) if len(text) <= _SAFE_DIGITS else _literal(text)
