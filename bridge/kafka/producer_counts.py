"""What the publisher has done since it was made, as plain numbers that a metrics collector reads when it is asked.

Counting this way costs a dictionary entry per event; calling a metrics library on each would cost many times that.
"""

from collections import Counter
from dataclasses import dataclass, field

from bridge.kafka.producer_errors import DoubtReason, RefusalReason

FailureReason = DoubtReason | RefusalReason


@dataclass
class PublisherCounts:
    """Running totals; they only grow.

    `acknowledged` by topic, `failed` by reason, `replaced` producer objects, `outages` that have begun.
    """

    acknowledged: dict[str, int]
    failed: Counter[FailureReason] = field(default_factory=Counter)
    replaced: int = 0
    outages: int = 0
