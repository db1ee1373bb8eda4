"""A tenant of a shard for scenes that are not about commands."""

from collections.abc import Sequence

from bridge.kafka.group_member import FetchedRecord


class IdleTenant:
    """Takes no commands, and holds nothing that would have to be let go."""

    committable = 0

    def deliver(self, records: Sequence[FetchedRecord]) -> None:
        """Take nothing."""

    def committed(self, offset: int) -> None:
        """Take no note."""

    def end(self) -> None:
        """Let go of nothing."""
