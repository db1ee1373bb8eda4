"""A bridge in haste: what it does seldom comes often enough for a drill of a few minutes, and pages are short.

Put in from outside, as the points of `kill_points` are. No rule changes, only how long it waits and how much it asks
for at once.
"""

from collections.abc import Mapping

IN_HASTE = "DRILL_HASTE"
ROUND_EVERY_S = 10.0
# Of registrations; a minute in the product.
REPLACED_AFTER_MS = 60_000
# How long a hook that brings nothing is left alone; ten minutes in the product.
LATE_ROWS_EVERY_S = 30.0
# Between two looks for rows that appear late; 13 minutes in the product.
PAGE_ROWS = 20
# 500 in the product: the lists of a drill are as many pages long as those of a busy company.


def install(environ: Mapping[str, str]) -> None:
    """Shorten the times if the environment says so; before anything else of the bridge is imported."""
    if IN_HASTE not in environ:
        return
    from bridge.pbx import paging
    from bridge.polling import rescans, walk
    from bridge.registration import evidence, registrar

    _put(registrar, "ROUND_EVERY_S", ROUND_EVERY_S)
    _put(evidence, "MAY_BE_REPLACED_AFTER_MS", REPLACED_AFTER_MS)
    _put(rescans, "EVERY_S", LATE_ROWS_EVERY_S)
    _put(walk, "PAGE_ROWS", PAGE_ROWS)
    _put(paging.PageWalk.__init__, "__defaults__", (PAGE_ROWS,))


def _put(owner: object, name: str, shorter: object) -> None:
    # Whoever renames it shall hear of it.
    assert hasattr(owner, name), name
    setattr(owner, name, shorter)
