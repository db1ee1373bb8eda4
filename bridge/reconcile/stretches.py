"""Which part of a list is walked next, and up to when all is compared then. Pure.

The vendor's lists are asked by when a call began, and a call counts from when it ended. So a walk goes back further
than what is compared already: by `rescan`, which is as long as a call may be. What lies long ago, after a time away, is
walked in stretches, the oldest first, so that a crash in between loses little, and memory is bounded.
"""

from typing import Final, NamedTuple

STRETCH_MS: Final = 6 * 3_600_000
# With a call a second some 20,000 rows, 20 MB.
LISTED_WITHIN_MS: Final = 900_000
# From a call's end until its row is there, and has been walked over once: a quarter of an hour on top of `rescan`.
LONGEST_MS: Final = 48 * 3_600_000
# Of a call longer than `rescan`. Such calls are looked for seldom: ...
LONG_EVERY_MS: Final = 2 * 3_600_000
# ... a walk so far back costs an idle connection some ten calls for each list.
NEAR_MS: Final = 30 * 60_000
# Of a list that is too long to be walked down to `rescan` every time: nearly all calls are shorter.
FREE_PAGES: Final = 4
PAGE_EVERY_MS: Final = 6_000
# A list of more pages is walked down so seldom that its pages take 10 calls a minute, ...
SELDOM_MS: Final = 900_000
# ... but at least every 15 minutes.


class Stretch(NamedTuple):
    """A part of a list, by when its calls began, epoch ms; without an end it goes up to what comes now.

    `whole`: nothing older needs to be looked at any more.
    """

    from_ms: int
    to_ms: int | None
    whole: bool


class Progress(NamedTuple):
    """How far one list is compared. `compared_ms`: all that ended by then; `walked_ms`: all that began by then.

    `deep_ms` is when it is to be walked down to `rescan` again.
    """

    compared_ms: int
    walked_ms: int | None = None
    deep_ms: int = 0

    def raised(self, floor_ms: int) -> "Progress":
        """Take all before a moment for compared."""
        return self._replace(compared_ms=max(self.compared_ms, floor_ms))

    def next(self, now_ms: int, rescan_ms: int, grace_ms: int) -> Stretch:
        """Give the stretch to be walked now. What is missing in one that has an end is older than the grace."""
        from_ms = self.compared_ms - rescan_ms - LISTED_WITHIN_MS
        if self.walked_ms is not None:
            from_ms = max(from_ms, self.walked_ms)
        if now_ms - from_ms > rescan_ms + LISTED_WITHIN_MS + grace_ms + STRETCH_MS:
            return Stretch(from_ms, from_ms + STRETCH_MS, whole=False)
        if self.walked_ms is None and now_ms < self.deep_ms and rescan_ms > NEAR_MS:
            return Stretch(now_ms - NEAR_MS, None, whole=False)
        return Stretch(from_ms, None, whole=self.walked_ms is None)

    def after(self, stretch: Stretch, began_ms: int, grace_ms: int, waiting_ms: int | None, pages: int) -> "Progress":
        """Give what is known after a walk that began at a moment, and was compared and published.

        `waiting_ms` is the earliest moment of what is missing but may still come by itself.
        """
        if stretch.to_ms is not None:
            compared_ms = max(self.compared_ms, stretch.to_ms)
            return self._replace(compared_ms=compared_ms, walked_ms=stretch.to_ms)
        if not stretch.whole and self.walked_ms is None:
            return self
        compared_ms = began_ms - grace_ms
        if waiting_ms is not None:
            compared_ms = min(compared_ms, waiting_ms)
        pause_ms = min(SELDOM_MS, pages * PAGE_EVERY_MS) if pages > FREE_PAGES else 0
        return Progress(max(self.compared_ms, compared_ms), None, began_ms + pause_ms)


class LongWalk(NamedTuple):
    """The look for calls longer than `rescan`: when it is due, and since when such calls may have ended unseen.

    `ahead` is what is left of one that is under way since `began_ms`: one stretch at a time, between other walks.
    """

    due_ms: int
    ended_since_ms: int
    began_ms: int = 0
    ahead: tuple[Stretch, ...] = ()

    @classmethod
    def begin(cls, now_ms: int, compared_ms: int, jitter: float) -> "LongWalk":
        """Begin with a take-over; the owner before may not have come to it."""
        return cls(now_ms + int(jitter * LONG_EVERY_MS / 4), compared_ms - LONG_EVERY_MS)

    def planned(self, now_ms: int, rescan_ms: int) -> "LongWalk":
        """Plan what is to be walked once it is due: all that began before what every walk looks at."""
        if self.ahead or now_ms < self.due_ms:
            return self
        ends_ms = range(now_ms - rescan_ms, self.ended_since_ms - LONGEST_MS, -STRETCH_MS)
        ahead = tuple(Stretch(end_ms - STRETCH_MS, end_ms, whole=False) for end_ms in ends_ms)
        return self._replace(began_ms=now_ms, ahead=ahead)

    def passed(self, grace_ms: int) -> "LongWalk":
        """Leave the first stretch behind; after the last one plan the next look."""
        if len(self.ahead) > 1:
            return self._replace(ahead=self.ahead[1:])
        return LongWalk(self.began_ms + LONG_EVERY_MS, self.began_ms - grace_ms - LISTED_WITHIN_MS)
