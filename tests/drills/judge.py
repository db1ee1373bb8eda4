"""What is right and what is wrong after a drill: the contract's promises over what was seen from outside. Pure.

It knows what was published to the command topic, what a read_committed reader found among the results, and what the
simulator's log says of arrivals. It shares no code with the bridge. All times are epoch milliseconds of one machine.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

POSTS = {
    "ok": (1, 1),
    "rejected": (1, 1),
    "expired": (0, 0),
    "overloaded": (0, 0),
    "invalid": (0, 0),
    "not_sent": (0, 0),
    "in_doubt": (0, 1),
}
# The contract's table of results: how many POSTs each status of a dial goes with.
ANSWERED_WITHIN_MS = 30_000
# After the deadline, while Kafka and a worker run.
RESOLVED_WITHIN_MS = 300_000
CLOCK_SLACK_MS = 1_500
# Between a moment that was written into a result and the result's own append time, or between a byte that has left and
# its arrival: the simulator has requests arrive a second late, and shares two cores with everything else. A clock that
# is wrong is an hour off.
OUTAGE_SLACK_MS = 25_000
# A result waits for its transaction, and that at the longest for Kafka's return.


class Command(NamedTuple):
    """One identity. `destination` is the number of a dial, which no other dial has.

    `appended_ms` has the append time of each of its records: nobody can say which one is read first.
    """

    connection: str
    source: str
    id: str
    destination: str | None
    appended_ms: tuple[int, ...]
    ttl_ms: int

    @property
    def identity(self) -> tuple[str, str, str]:
        return self.connection, self.source, self.id

    @property
    def deadline_ms(self) -> int:
        return max(self.appended_ms) + self.ttl_ms


class Answer(NamedTuple):
    """A record of the results topic: `word` is a result's status or a resolution's outcome."""

    kind: Literal["result", "resolved"]
    identity: tuple[str, str, str]
    word: str
    appended_ms: int
    accepted_ms: int | None = None
    finished_ms: int | None = None
    call_id: int | None = None


class Post(NamedTuple):
    """A `POST /dial` that arrived at the simulator, whatever became of it."""

    destination: str | None
    arrived_ms: int


class Expected(NamedTuple):
    """How one command has to end: these statuses, these numbers of POSTs, these outcomes of a doubt."""

    words: frozenset[str]
    posts: frozenset[int]
    outcomes: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Terms:
    """What a drill is judged by, beside the contract.

    `expected` is by a command's id. `frozen`: a process of it was frozen, so that a POST may come late. `outage_ms` is
    how long Kafka was away or no worker ran, `under_way_ms` how long the link to the vendor may hold what has left.
    `least_ok` is the share of `ok` below which a drill under load says
    nothing.
    """

    expected: Mapping[str, Expected] = field(default_factory=dict)
    frozen: bool = False
    outage_ms: int = 0
    under_way_ms: int = 0
    least_ok: float = 0.0
    least_full: int = 0
    observed_within_ms: int | None = None
    open_doubts: bool = False


@dataclass(frozen=True)
class Judgement:
    """The figures of a drill's row, and a sentence for everything that is wrong."""

    commands: int
    posts: int
    results: Counter[str]
    resolved: Counter[str]
    doubles: int
    late: int
    throttled: int
    fullest: int
    wrong: tuple[str, ...]


class Arrivals(NamedTuple):
    """What the vendor's limiter saw: how often it answered 429, and the most calls of a connection in any window."""

    throttled: int
    fullest: int


def judge(
    commands: Sequence[Command], answers: Iterable[Answer], posts: Iterable[Post], arrivals: Arrivals, terms: Terms
) -> Judgement:
    """Judge a drill that is over: nothing can come any more."""
    known = {command.identity: command for command in commands}
    by_identity: defaultdict[tuple[str, str, str], list[Answer]] = defaultdict(list)
    arrived: defaultdict[str | None, list[Post]] = defaultdict(list)
    for answer in answers:
        by_identity[answer.identity].append(answer)
    for post in posts:
        arrived[post.destination].append(post)
    wrong = [f"a result for {'/'.join(identity)}, which nobody has sent" for identity in by_identity.keys() - known]
    dialled = {command.destination for command in commands}
    wrong += [f"a POST to {destination}, which nobody has asked for" for destination in arrived.keys() - dialled]
    late = 0
    for command in commands:
        own = arrived[command.destination] if command.destination is not None else []
        story = _Story(command, by_identity[command.identity], own, terms)
        wrong += [f"{command.id}: {sentence}" for sentence in story.wrong()]
        late += story.late()
    results = Counter(a.word for own in by_identity.values() for a in own if a.kind == "result")
    resolved = Counter(a.word for own in by_identity.values() for a in own if a.kind == "resolved")
    if arrivals.throttled:
        wrong.append(f"the vendor answered 429 {arrivals.throttled} times")
    if arrivals.fullest < terms.least_full:
        wrong.append(f"at most {arrivals.fullest} calls in a window, which is too few to say anything")
    if results["ok"] < terms.least_ok * len(commands):
        wrong.append(f"{results['ok']} of {len(commands)} commands are ok, which is too few to say anything")
    return Judgement(
        commands=len(commands),
        posts=sum(map(len, arrived.values())),
        results=results,
        resolved=resolved,
        doubles=sum(max(0, len(own) - 1) for own in arrived.values())
        + sum(max(0, sum(a.kind == "result" for a in own) - 1) for own in by_identity.values()),
        late=late,
        throttled=arrivals.throttled,
        fullest=arrivals.fullest,
        wrong=tuple(wrong),
    )


class _Story(NamedTuple):
    """One command and all that became of it."""

    command: Command
    answers: Sequence[Answer]
    posts: Sequence[Post]
    terms: Terms

    def wrong(self) -> Iterable[str]:
        results = [answer for answer in self.answers if answer.kind == "result"]
        resolved = [answer for answer in self.answers if answer.kind == "resolved"]
        if len(self.posts) > 1:
            yield f"{len(self.posts)} POSTs"
        if len(results) != 1:
            yield f"{len(results)} results: {', '.join(answer.word for answer in results)}"
        if not results:
            return
        result = results[0]
        yield from self._wrong_result(result)
        yield from self._wrong_resolutions(result, resolved)
        yield from self._wrong_posts(result)
        expected = self.terms.expected.get(self.command.id)
        if expected is not None:
            if result.word not in expected.words:
                yield f"{result.word}, expected {_or(expected.words)}"
            elif result.word != "expired" and len(self.posts) not in expected.posts:
                yield f"{result.word} with {len(self.posts)} POSTs, expected {_or(map(str, expected.posts))}"
            if {answer.word for answer in resolved} - expected.outcomes:
                yield f"{_or(answer.word for answer in resolved)}, expected {_or(expected.outcomes) or 'no resolution'}"

    def late(self) -> int:
        """Count the POSTs that came after their command had been answered, by more than any request takes."""
        answered = min((answer.appended_ms for answer in self.answers if answer.word == "in_doubt"), default=None)
        return 0 if answered is None else sum(post.arrived_ms > answered + CLOCK_SLACK_MS for post in self.posts)

    def _wrong_result(self, result: Answer) -> Iterable[str]:
        slack = CLOCK_SLACK_MS + self.terms.outage_ms
        over = result.appended_ms - self.command.deadline_ms - ANSWERED_WITHIN_MS - self.terms.outage_ms
        if over > 0:
            yield f"{result.word} came {over} ms too late"
        if result.word != "invalid" and result.accepted_ms not in self.command.appended_ms:
            yield f"accepted at {result.accepted_ms}, appended at {self.command.appended_ms}"
        if result.finished_ms is None:
            yield "the result says nothing of when it was finished"
        elif not -OUTAGE_SLACK_MS <= result.finished_ms - result.appended_ms <= slack:
            yield f"finished {result.finished_ms - result.appended_ms} ms beside the result's own append time"

    def _wrong_resolutions(self, result: Answer, resolved: Sequence[Answer]) -> Iterable[str]:
        if result.word != "in_doubt":
            if resolved:
                yield f"a resolution although it is {result.word}"
            return
        observable = self.terms.observed_within_ms is not None and self.posts
        if len(resolved) != 1 and (resolved or observable or not self.terms.open_doubts):
            yield f"{len(resolved)} resolutions of a doubt"
        for resolution in resolved:
            yield from self._wrong_resolution(result, resolution)

    def _wrong_resolution(self, result: Answer, resolution: Answer) -> Iterable[str]:
        if resolution.appended_ms < result.appended_ms:
            yield "resolved before it was in doubt"
        if resolution.appended_ms > result.appended_ms + RESOLVED_WITHIN_MS + self.terms.outage_ms:
            yield f"resolved after {(resolution.appended_ms - result.appended_ms) / 1000:.1f} s"
        if (resolution.word == "call_observed") != (resolution.call_id is not None):
            yield f"{resolution.word} with the call {resolution.call_id}"
        if resolution.word == "call_observed" and not self.posts:
            yield "a call was observed that nobody has asked for"
        if self.terms.observed_within_ms is not None and self.posts:
            known_ms = max(result.appended_ms, self.posts[0].arrived_ms)
            if resolution.appended_ms > known_ms + self.terms.observed_within_ms:
                yield f"resolved {(resolution.appended_ms - known_ms) / 1000:.1f} s after its call was known"

    def _wrong_posts(self, result: Answer) -> Iterable[str]:
        if self.command.destination is not None:
            least, most = POSTS.get(result.word, (0, -1))
            if not least <= len(self.posts) <= most:
                yield f"{result.word} with {len(self.posts)} POSTs"
        if self.terms.frozen:
            return
        if self.late():
            yield "a POST after the command had been answered"
        latest_ms = self.command.deadline_ms + self.terms.under_way_ms + CLOCK_SLACK_MS
        if any(post.arrived_ms > latest_ms for post in self.posts):
            yield "a POST after the deadline"


def _or(words: Iterable[str]) -> str:
    return " or ".join(sorted(words))
