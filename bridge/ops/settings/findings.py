"""A broken rule between keys, and the sentence that two of the rules have in common. Pure."""

from typing import NamedTuple

from bridge.ops.settings.problems import KeyPath, dotted


class Finding(NamedTuple):
    """A broken rule, and the keys it was about: a rule about a key that is wrong by itself is not reported."""

    sentence: str
    keys: tuple[KeyPath, ...]


def both_given(path: KeyPath, name: str) -> Finding:
    """Say that a secret stands in the configuration and in a file."""
    keys = ((*path, name), (*path, f"{name}_file"))
    return Finding(f"{dotted(keys[0])} and {dotted(keys[1])} are both set: give one of them.", keys)
