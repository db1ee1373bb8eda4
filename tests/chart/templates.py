"""The chart's templates as text: what they call, which values they read, with which sentences they refuse."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from tests.chart.rendering import CHART

ACTION: Final = re.compile(r"\{\{-?\s*(.*?)\s*-?\}\}", re.DOTALL)
STRING: Final = re.compile(r'"(?:[^"\\]|\\.)*"|`[^`]*`')
COMMENT: Final = "/*"


class Action(NamedTuple):
    """What stands between `{{` and `}}`, and in which template."""

    template: str
    code: str

    @property
    def without_strings(self) -> str:
        """The code with its literal texts taken out."""
        return STRING.sub('""', self.code)


def template_files() -> list[Path]:
    """Give all templates, NOTES.txt included."""
    return sorted(path for path in (CHART / "templates").rglob("*") if path.is_file())


def actions() -> Iterator[Action]:
    """Give every action of every template, comments left out."""
    for path in template_files():
        for found in ACTION.finditer(path.read_text()):
            if not found[1].startswith(COMMENT):
                yield Action(str(path.relative_to(CHART)), found[1])


def refusals() -> list[str]:
    """Give the text of every `fail` and `required`, its placeholders as they stand."""
    texts = []
    for action in actions():
        for call in re.finditer(r"\b(?:fail|required)\b", action.without_strings):
            del call
            (text,) = STRING.findall(action.code)[:1]
            texts.append(text[1:-1])
    return texts
