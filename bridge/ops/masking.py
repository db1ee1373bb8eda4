"""What must not stand in a log: whole telephone numbers, hook keys, API keys. Pure."""

import re

_MASKS = (
    # The mac of a hook key, wherever a request line or a URL is quoted.
    (re.compile(r"(/hooks/[^/\s\"']+/[A-Za-z]*\.?\d*)[^\s\"'?]*"), r"\1***"),
    (re.compile(r"\b(Bearer|Basic)\s+[^\s\"',]+", re.IGNORECASE), r"\1 ***"),
    # A telephone number: seven digits or more, with the separators that people put between them. Two digits stay, so
    # that two lines about one number can be told to be so.
    (re.compile(r"(?<![\w.:-])\+?\d(?:[ ()/-]{0,2}\d){4,18}[ ()/-]{0,2}(\d\d)(?![\w:-])"), r"***\1"),
)

_NEVER_MASKED = frozenset({"timestamp", "level", "logger", "offset", "id", "exception", "findings"})
# Offsets and ids are what an operator searches for; an id is a hash, an ULID or the vendor's own counter. Findings are
# our own sentences about topics, and full of milliseconds.


def mask_text(text: str) -> str:
    """Return the text without whole numbers and keys."""
    for pattern, replacement in _MASKS:
        text = pattern.sub(replacement, text)
    return text


def mask_fields(fields: dict[str, object]) -> dict[str, object]:
    """Return a log line's fields without whole numbers and keys in any of its texts."""
    return {
        name: mask_text(value) if isinstance(value, str) and name not in _NEVER_MASKED else value
        for name, value in fields.items()
    }
