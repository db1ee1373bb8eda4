"""Whether a dial can still be served before its deadline, when it arrives. Pure.

Refused is only what could not be served in the best case: no freeze is prolonged, nothing more urgent comes, no lane
but its own asks for slots, and answers come at once. Slots that become free before the deadline are known: with a
deadline within window and guard, no call that is still to be answered gives its slot back before it. (A call of which
not one byte leaves does: while the vendor cannot be reached, a dial may be refused that would have found a slot, as it
turns out, and then no connection.)

There is no such question about queries: their pace may keep the more urgent ones from slots that are free, so nobody
knows in time how many of those will expire and leave theirs.
"""

from math import inf, nextafter

from bridge.calls.agenda import Agenda
from bridge.calls.lanes import Waiting, WorkT
from bridge.calls.quota import Window
from bridge.calls.shares import Shares


def has_prospects(
    window: Window, shares: Shares, ahead: Agenda[Waiting[WorkT]], deadline: float, earliest: float
) -> bool:
    """Tell whether one more dial with this deadline can be served after the more urgent ones.

    Nothing is reserved before `earliest` (now, or the end of a freeze). Costs about as many steps as slots become free
    before the deadline, and only when more dials wait than that.

    The more urgent ones take slots in the order of their deadlines and expire at them, so they take as many as any
    order could. They leave none if, whatever the moment, as many of them live longer as slots become free from then on.
    """
    free = shares.limit - window.busy + window.held.before(deadline)
    dials = shares.dials - window.busy_dials + window.held_dials.before(deadline)
    count = min(free, dials)
    if count <= 0 or deadline <= earliest:
        return False
    rivals = ahead.before(nextafter(deadline, inf))
    if rivals < count:
        return True
    alive = 0
    latest_first = ahead.backwards(nextafter(deadline, inf))
    rival = next(latest_first, None)
    for until, _, of_dial in window.held.backwards(deadline):
        if until <= earliest:
            break
        while rival is not None and rival.due > until:
            alive += 1
            rival = next(latest_first, None)
        if alive >= count:
            return False
        free -= 1
        dials -= of_dial
        if alive < count - max(0, min(free, dials)):
            return True
    return rivals - ahead.before(nextafter(earliest, inf)) < count
