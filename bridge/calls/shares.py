"""How a connection's limit is shared out among dials, queries and polls, for any limit. Pure.

At 100 calls in 60 s: one query or poll per 0.6 s, at most 10 of them at once, 3 slots left free for dials unless the
next one is free within 1 s, dials up to 80. Slots taken at an even pace become free at one: a dial waits for moments.
"""

from dataclasses import dataclass
from functools import lru_cache


@dataclass(frozen=True, slots=True)
class Shares:
    """`dials`: slots that dials may have busy; `reserve`: slots that the others leave free for them.

    `pace`: seconds from one of the others to the next; `burst`: how many of them may go at once after a rest, and how
    many overdue polls before a query; `catch_up`: how many are saved up at most under a backlog; `soon`: seconds within
    which a slot that will be free counts as free for the reserve.
    """

    limit: int
    dials: int
    reserve: int
    pace: float
    burst: int
    catch_up: float
    soon: float


@lru_cache(maxsize=1024)  # a few limits are in use, and the answer is asked for with each decision
def shares_of(limit: int, window: float) -> Shares:
    """Share out `limit` calls in `window` seconds.

    Below 17 calls there is no reserve: one slot of few, kept free, would cost more of the quota than dials gain by it.
    With less than 1.5 saved up, what a late answer delays would be lost for good, 1 % of the quota.
    """
    pace = window / limit
    return Shares(
        limit=limit,
        dials=max(1, limit * 80 // 100),
        reserve=round(limit * 0.03),
        pace=pace,
        burst=max(1, round(limit * 0.1)),
        catch_up=max(1.5, limit * 0.03),
        soon=pace / 0.6,
    )
