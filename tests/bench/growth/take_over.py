"""How long a worker needs from the assignment of 12 shards until it serves all of them, the owner before it killed."""

import time
from contextlib import closing
from random import Random

from bridge.calls.journal_format import put
from bridge.calls.journal_keys import CommandKey, command_identity
from bridge.calls.journal_values import Intent, Verdict
from bridge.events.topics import quarantine_topic, results_topic
from bridge.kafka.client_options import ClientOptions
from bridge.kafka.shard_journal import JournalOptions, KafkaJournal
from tests.bench.growth.ground import PLENTY, Ground, quota
from tests.bench.installation import SHARDS, Installation, Worker, names
from tests.bench.verdicts import Row

TIMES = 5
CONNECTIONS = 100
# Of which each shard has some.
EMPTY_S, FULL_S = 2.0, 5.0
DIALS = 100_000
SHARD = 3
# All dials are in the journal of one shard, whichever: spread over twelve they are read side by side.
DAY_MS = 86_400_000
# A dial is remembered for a day.
PER_APPEND = 1_000
TAKEN_OVER = "a shard was taken over"


async def rows(ground: Ground) -> list[Row]:
    """Take over and die, several times, first with empty journals and then with a long one."""
    installation = ground.installation(names(CONNECTIONS), quota(PLENTY))
    await _take_over(ground, installation, "first")
    empty = [await _take_over(ground, installation, f"empty-{number}") for number in range(TIMES)]
    await _fill(installation)
    full = [await _take_over(ground, installation, f"full-{number}") for number in range(TIMES)]
    told = {name: ", ".join(f"{one:.2f}" for one in all_) for name, all_ in (("empty", empty), ("full", full))}
    return [
        Row.at_most(f"take-over of {SHARDS} shards, the slowest of {TIMES} times", max(empty), EMPTY_S, " s", 2),
        Row("each time", f"{told['empty']} s"),
        Row.at_most(f"the same, {DIALS:,} dials in one journal", max(full), FULL_S, " s", 2),
        Row("each time", f"{told['full']} s"),
    ]


async def _take_over(ground: Ground, installation: Installation, name: str) -> float:
    """Give the seconds until the last shard was served; the worker dies then."""
    worker = await ground.worker(installation, name)
    with closing(_Dying(worker)):
        seconds = [line["seconds"] for line in worker.logged(TAKEN_OVER)]
    if len(seconds) != SHARDS:
        raise SystemExit(f"{name} has taken over {len(seconds)} shards of {SHARDS}")
    return max(float(str(one)) for one in seconds)


class _Dying:
    """A worker that is killed when it is not needed any more."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker

    def close(self) -> None:
        self._worker.kill()


async def _fill(installation: Installation) -> None:
    """Write answered dials of the last day into a journal, as its owner would have."""
    prefix = installation.prefix
    options = JournalOptions(
        ClientOptions(installation.bootstrap), prefix, (results_topic(prefix), quarantine_topic(prefix)), 400_000
    )
    writer, _ = await KafkaJournal(lambda: options).open(SHARD)
    now_ms = time.time_ns() // 1_000_000
    random = Random(1)
    for first in range(0, DIALS, PER_APPEND):
        made = [_dial(number, now_ms - random.randrange(DAY_MS)) for number in range(first, first + PER_APPEND)]
        await writer.append([put(key, verdict) for key, verdict in made])
    await writer.close()


def _dial(number: int, at_ms: int) -> tuple[CommandKey, Verdict]:
    connection = f"acme-{number % CONNECTIONS}"
    intent = Intent(connection, "crm.example.com/dialler", f"order-{number}", at_ms, 224, "37060000000", number % 100)
    verdict = Verdict(connection, dial=True, status="ok", accepted_ms=at_ms, intent=intent, sent_ms=at_ms)
    return CommandKey(command_identity(connection, intent.source, intent.id)), verdict
