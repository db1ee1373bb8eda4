"""What a router has done since its process started, for the metrics."""

from collections import Counter
from dataclasses import dataclass, field


@dataclass
class RouterCounts:
    """Plain numbers that only grow. A record that came again counts again."""

    routed: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Commands that were handed on, by the command's name and by mode: `binary` or `structured`."""
    refused: Counter[str] = field(default_factory=Counter)
    """Records that are no commands, by the quarantine's reason."""
    retried: Counter[str] = field(default_factory=Counter)
    """Publishes that had to be tried again, by why."""
    dropped: Counter[str] = field(default_factory=Counter)
    """Records that fitted nowhere, not even the quarantine, by topic."""
    unstored_commits: int = 0
    """Commits that Kafka did not take: what they were for came again."""
    connections: int = 0
    """Times that the router joined its group anew, the first one included."""
