"""What pages and values files tell their readers to do, read from their text. Pure."""

import re
import shlex
from collections.abc import Iterator

_CREATE = re.compile(r"kubectl create secret generic ((?:\\\n|[^\n])*)")
_WRITTEN = re.compile(r"^cat > (\S+) <<'(\w+)'\n(.*?)^\2$", re.MULTILINE | re.DOTALL)
_FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def fenced(text: str, language: str) -> list[str]:
    """Give the fenced blocks of a page that are of one language."""
    return [block for kind, block in _FENCE.findall(text) if kind == language]


def prose(text: str) -> str:
    """Give a page without its fenced blocks."""
    return _FENCE.sub("", text)


def files_written(script: str) -> dict[str, str]:
    """Give the text of each file that a shell script writes from itself, by name."""
    return {name: text for name, _, text in _WRITTEN.findall(script)}


def secrets_made(text: str) -> dict[str, dict[str, str]]:
    """Give the keys and values of each Secret that a text creates, by name, whether it is a page or a comment."""
    plain = re.sub(r"^#\s*", "", text, flags=re.MULTILINE)
    return {name: dict(_literals(options)) for name, *options in _created(plain)}


def _created(text: str) -> Iterator[list[str]]:
    for command in _CREATE.findall(text):
        yield shlex.split(command.replace("\\\n", " "), comments=True)


def _literals(options: list[str]) -> Iterator[tuple[str, str]]:
    for option in options:
        kind, _, given = option.partition("=")
        assert kind in {"--from-literal", "--from-file"}, option
        key, _, value = given.partition("=")
        yield key, value


def commands_of(script: str, program: str) -> list[list[str]]:
    """Give the command lines of a shell script that begin with a program, without their comments."""
    lines = script.replace("\\\n", " ").splitlines()
    return [shlex.split(line, comments=True) for line in lines if line.split()[:1] == [program]]
