"""What `bridge check` has to say."""

from typing import NamedTuple


class Found(NamedTuple):
    """One thing that was looked at."""

    what: str
    ok: bool
    sentence: str
