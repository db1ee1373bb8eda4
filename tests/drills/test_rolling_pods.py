"""What the rolling update of the workers is judged by, beside the judge of all drills."""

import json
import math

from tests.drills.rolling_pods import longest_without_owner


def said(*lines: tuple[int, str, int]) -> str:
    """Give a log of shards that begin and end, at seconds of a minute."""
    words = {"begin": "a shard was taken over", "end": "a shard was handed over"}
    told = [
        {"event": words[what], "shard": shard, "timestamp": f"2026-11-23T12:00:{second:02}.500000Z"}
        for second, what, shard in lines
    ]
    return "\n".join(["no JSON", *map(json.dumps, told)])


def test_a_shard_has_no_owner_from_one_log_to_the_other() -> None:
    """The longest time from a shard's end in one log to its next begin in any counts."""
    one = said((1, "begin", 0), (1, "begin", 1), (10, "end", 0), (10, "end", 1))
    two = said((12, "begin", 0), (17, "begin", 1), (30, "end", 0), (30, "end", 1))
    assert longest_without_owner([two, one]) == 7.0


def test_logs_without_a_shard_say_nothing() -> None:
    """Where no owner is named, the shards had none."""
    assert longest_without_owner(["", "no JSON"]) == math.inf
