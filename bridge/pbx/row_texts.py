"""The JSON text of each row of a list's answer, as the vendor sent it: for the quarantine, which keeps bytes. Pure."""

import re
from collections.abc import Iterator

import orjson

_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[\]{},:]|[^\s\[\]{},:"]+', re.DOTALL)
_OPENING, _CLOSING = frozenset(b"[{"), frozenset(b"]}")


def row_texts(raw: bytes) -> list[bytes]:
    """Give the texts of the elements of the list `data` in a JSON object, in order; `raw` has been read as JSON before.

    Without recursion, since what is nested too deep is one of the things that get here. A whole page of 150 KB takes
    some 10 ms.
    """
    texts: list[bytes] = []
    tokens = _TOKEN.finditer(raw)
    next(tokens)
    for key in tokens:
        if key.group() == b"}":
            break
        if key.group() == b",":
            continue
        next(tokens)
        if orjson.loads(key.group()) == "data":
            # Of two fields of one name the last one counts, as for any reader.
            texts = [raw[start:end] for start, end in _elements(next(tokens), tokens)]
        else:
            _end_of(next(tokens), tokens)
    return texts


def _elements(opening: re.Match[bytes], tokens: Iterator[re.Match[bytes]]) -> Iterator[tuple[int, int]]:
    if opening.group() != b"[":
        _end_of(opening, tokens)
        return
    for token in tokens:
        if token.group() == b"]":
            return
        if token.group() != b",":
            yield token.start(), _end_of(token, tokens)


def _end_of(first: re.Match[bytes], tokens: Iterator[re.Match[bytes]]) -> int:
    """Pass over the value that begins with a token."""
    token, depth = first, 0
    while True:
        mark = token.group()[0]
        depth += (mark in _OPENING) - (mark in _CLOSING)
        if depth == 0:
            return token.end()
        token = next(tokens)
