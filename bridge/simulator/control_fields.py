"""The JSON body of a control request, field by field; what is wrong is a 400 with one sentence."""

from typing import TypeVar

import orjson
from aiohttp import web

_DefaultT = TypeVar("_DefaultT")


def answer(value: object) -> web.Response:
    """Answer with JSON."""
    return web.Response(body=orjson.dumps(value), content_type="application/json")


def wrong(what: str) -> web.HTTPBadRequest:
    """Return what is raised when a request cannot be understood."""
    return web.HTTPBadRequest(text=orjson.dumps({"error": what}).decode(), content_type="application/json")


class Fields:
    """Takes fields one after the other; `end` refuses what is left. All raise HTTPBadRequest."""

    def __init__(self, body: bytes) -> None:
        try:
            value = orjson.loads(body or b"{}")
        except orjson.JSONDecodeError as error:
            raise wrong("the body is JSON") from error
        if not isinstance(value, dict):
            raise wrong("the body is an object")
        self._left: dict[str, object] = value

    def flag(self, name: str, *, default: _DefaultT) -> bool | _DefaultT:
        value = self._left.pop(name, None)
        if value is None:
            return default
        if not isinstance(value, bool):
            raise wrong(f"{name} is true or false")
        return value

    def whole(self, name: str, default: _DefaultT) -> int | _DefaultT:
        value = self._left.pop(name, None)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            raise wrong(f"{name} is a whole number of at least 0")
        return value

    def number(self, name: str, default: _DefaultT) -> float | _DefaultT:
        value = self._left.pop(name, None)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
            raise wrong(f"{name} is a number of at least 0")
        return float(value)

    def names(self, name: str, known: frozenset[str] | None, default: frozenset[str] = frozenset()) -> frozenset[str]:
        """Take a list of names; `known` None = whatever they are."""
        value = self._left.pop(name, None)
        if value is None:
            return default
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise wrong(f"{name} is a list of names")
        unknown = set(value) - known if known is not None else set()
        if unknown:
            raise wrong(f"{name}: {', '.join(sorted(unknown))} is not known")
        return frozenset(value)

    def end(self) -> None:
        if self._left:
            raise wrong(f"{', '.join(sorted(self._left))} is not known")
