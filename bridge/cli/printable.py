"""Texts of strangers on a terminal. Pure."""


def printable(text: str) -> str:
    """Return the text with the codes of what could move the cursor, hide something or forge a line."""
    return "".join(character if character.isprintable() else f"\\u{ord(character):04x}" for character in text)
