"""What a shard's owner knows of commands between its take-over and its end: identities, doubts, progress. Pure.

It changes in place, since it holds the dials of a whole day. It dies with the ownership: whoever loses the shard drops
it, and the next owner makes its own from the journal and from the committed offset.
"""

from collections.abc import Mapping, MutableMapping

from bridge.calls.dial_states import KnownCommand, is_open_doubt, is_repeat
from bridge.calls.journal_values import Verdict
from bridge.calls.orders import Order
from bridge.calls.progress import Progress


class OwnedCommands:
    """One shard's. `known` is by identity, and becomes this object's own."""

    def __init__(self, known: MutableMapping[str, KnownCommand], progress: Progress) -> None:
        self._known = known
        # Beside, since they are asked for at each observed call, and known are the dials of a day.
        self._doubts = {identity: command for identity, command in known.items() if is_open_doubt(command)}
        self.progress = progress

    @property
    def known(self) -> Mapping[str, KnownCommand]:
        """Everything whose repeats are dropped."""
        return self._known

    def receive(self, offset: int, order: Order) -> bool:
        """Take a record of the shard's work; False: a repeat, which is finished with that and has no result."""
        self.progress.take(offset)
        if is_repeat(order, self._known.get(order.identity)):
            self.progress.finish(offset)
            return False
        self._known[order.identity] = order
        return True

    def conclude(self, offset: int, identity: str, verdict: Verdict) -> None:
        """Remember a verdict that has been stored."""
        self._known[identity] = verdict
        if is_open_doubt(verdict):
            self._doubts[identity] = verdict
        self.progress.finish(offset)

    def resolve(self, identity: str, verdict: Verdict) -> None:
        """Remember a resolution that has been stored."""
        self._known[identity] = verdict
        self._doubts.pop(identity, None)

    def forget(self, identity: str) -> None:
        """Drop an identity past its horizon."""
        del self._known[identity]

    @property
    def doubts(self) -> Mapping[str, Verdict]:
        """The dials that ended in doubt, as long as the doubt has not ended."""
        return self._doubts
